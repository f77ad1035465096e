// Times the native AEAD as docs/engine-crypto.md reports it, with every compiler at hand. Build first.
//
//   node scripts/bench-native.mjs [ROUNDS]

const { Harness, toolchains } = await import("../dist/test/support/native/harness.js");

for (const toolchain of toolchains()) {
  if (toolchain.sanitizes) continue;
  const harness = await Harness.build(toolchain);
  console.log(`${toolchain.name}\n${harness.bench(Number(process.argv[2] ?? 2500))}`);
  harness.remove();
}
