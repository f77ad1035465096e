// The bill of materials of a release, CycloneDX 1.5: what the static file and the npm package contain that is not ours.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup.mjs";
import { DUKTAPE, ZIG_VERSION } from "../tiny/toolchain.mjs";
import { VERSION } from "./version.mjs";

function duktapeVersion() {
  const number = Number(/DUK_VERSION\s+(\d+)L/.exec(readFileSync(join(DUKTAPE, "duktape.h"), "utf8"))[1]);
  return [Math.floor(number / 10000), Math.floor(number / 100) % 100, number % 100].join(".");
}

const component = (name, version, license, description, more = {}) => ({
  type: "library",
  name,
  version,
  description,
  licenses: [{ license: { id: license } }],
  ...more,
});

/** The document, as text; the same for the same sources. */
export function sbom() {
  const koffi = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages[
    "node_modules/koffi"
  ];
  const purl = `pkg:npm/koffi@${koffi.version}`;
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": "subnetra",
        name: "subnetra",
        version: VERSION,
        licenses: [{ license: { id: "MIT" } }],
      },
    },
    components: [
      component("duktape", duktapeVersion(), "MIT", "in the static file: the interpreter", {
        "bom-ref": "duktape",
      }),
      component("musl", `zig-${ZIG_VERSION}`, "MIT", "in the static file: libc, as zig brings it", {
        "bom-ref": "musl",
      }),
      component("koffi", koffi.version, "MIT", "of the npm package: calls libc", { "bom-ref": purl, purl }),
    ],
    dependencies: [{ ref: "subnetra", dependsOn: ["duktape", "musl", purl] }],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
