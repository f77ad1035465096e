// Type-checks everything, and core once more against the ES5 library it is limited to.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root, setUp } from "./setup.mjs";

setUp();
const tsc = join(root, "node_modules/typescript/bin/tsc");
let failed = false;
for (const project of ["tsconfig.json", "tsconfig.core.json"]) {
  const result = spawnSync(process.execPath, [tsc, "-p", project, "--noEmit"], {
    cwd: root,
    stdio: "inherit",
  });
  failed ||= result.status !== 0;
}
process.exit(failed ? 1 : 0);
