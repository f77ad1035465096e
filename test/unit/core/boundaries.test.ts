import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../../../scripts/check-boundaries.mjs", import.meta.url));
const { violations } = (await import(script)) as { violations: (file: string, text: string) => string[] };

test("imports may point only towards the engine", () => {
  const allowed: [string, string][] = [
    ["src/core/a.ts", 'import { x } from "./b.ts";\nimport { y } from "../engine/abi.ts";'],
    ["src/core/a.ts", '// import { x } from "node:fs"\n/* from "node:fs" */'],
    ["src/platform/nodejs/a.ts", 'import koffi from "koffi";\nimport { x } from "../../core/sys.ts";'],
    ["src/apps/a.ts", 'import { x } from "../platform/nodejs/a.ts";'],
    ["src/engine/assembly/a.ts", 'import { x } from "../abi";\nimport { y } from "./b";'],
    ["test/sim/a.test.ts", 'import { x } from "../support/seed.ts";\nimport { y } from "../../lab/lab.ts";'],
  ];
  for (const [file, text] of allowed) assert.deepEqual(violations(file, text), [], `${file}: ${text}`);
  const refused: [string, string][] = [
    ["src/core/a.ts", 'import { x } from "node:fs";'],
    ["src/core/a.ts", 'import { x } from "../engine/load.ts";'],
    ["src/core/a.ts", 'const x = await import("../platform/nodejs/a.ts");'],
    ["src/core/a.ts", 'export * from "../platform/sim/a.ts";'],
    ["src/platform/sim/a.ts", 'import { x } from "../node/a.ts";'],
    ["src/platform/nodejs/a.ts", 'import { x } from "../sim/a.ts";'],
    ["src/platform/nodejs/a.ts", 'import { x } from "../../apps/a.ts";'],
    ["src/engine/assembly/a.ts", 'import { x } from "../exports";'],
    ["src/engine/load.ts", 'import "../core/sys.ts";'],
    ["src/elsewhere/a.ts", ""],
    ["src/apps/a.ts", 'import { x } from "../../lab/lab.ts";'],
    ["src/apps/a.ts", 'import { x } from "../platform/sim/world.ts";'],
    ["src/apps/a.ts", 'import { x } from "../../test/support/seed.ts";'],
    ["lab/a.ts", 'import { x } from "../bench/main.ts";'],
    ["test/sim/a.test.ts", 'import { x } from "../property/b.ts";'],
    ["test/support/a.ts", 'import { x } from "../sim/b.ts";'],
    ["test/sim/a.test.ts", 'import { x } from "../../demo/mesh.ts";'],
  ];
  for (const [file, text] of refused) assert.equal(violations(file, text).length, 1, `${file}: ${text}`);
});
