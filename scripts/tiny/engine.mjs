// The engine's modules that the tiny build translates: those of the Node.js build, and one of its own without the AEAD.

import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "../build.mjs";
import { root, run } from "../setup.mjs";

const NATIVE = ".cache/tiny/generated/engine-native.wasm";

/** True when both modules of the Node.js build are newer than every source of theirs. */
function isBuilt() {
  const modules = ["plain", "simd"].map((variant) => enginePath(variant));
  if (!modules.every((path) => existsSync(path))) return false;
  const built = Math.min(...modules.map((path) => statSync(path).mtimeMs));
  const sources = readdirSync(join(root, "src/engine/assembly"), { recursive: true }).map(
    (file) => `assembly/${file}`,
  );
  return [...sources, "abi.ts"].every((file) => statSync(join(root, "src/engine", file)).mtimeMs < built);
}

/** Builds the modules of these variants: "simd" and "plain" of the Node.js build where they are old, and "native". */
export function buildEngines(variants) {
  if (variants.some((variant) => variant !== "native") && !isBuilt()) build();
  if (!variants.includes("native")) return;
  mkdirSync(dirname(join(root, NATIVE)), { recursive: true });
  run(process.execPath, [join(root, "scripts/tiny/native-engine.mjs"), NATIVE]);
}

/** Where a variant's module lies. */
export function enginePath(variant) {
  return join(root, variant === "native" ? NATIVE : `dist/src/engine/engine-${variant}.wasm`);
}
