// The targets of the tiny build.

/** Largest file, in bytes. */
export const SIZE_LIMIT = 524288;

const SIMD_X86 = { name: "simd", source: "simd", flags: ["-mcpu=x86_64_v2"] };
const SIMD_AVX2 = { name: "simd256", source: "simd", flags: ["-mcpu=x86_64_v3"] };
const SIMD = { name: "simd", source: "simd", flags: [] };
const PLAIN = { name: "plain", source: "plain", flags: [] };

/**
 * For each target: zig's triple and flags for all code, the engine variants it carries (fastest first), the name
 * of its CPU in container images, and the emulator that runs it elsewhere.
 *
 * armv5 is built without link-time optimisation: with it the CPU is lost on the way and code for a newer one
 * results.
 */
export const TARGETS = {
  amd64: {
    triple: "x86_64-linux-musl",
    flags: [],
    lto: true,
    engines: [SIMD_AVX2, SIMD_X86, PLAIN],
    platform: { architecture: "amd64" },
    emulator: ["qemu-x86_64-static"],
    standard: true,
  },
  arm64: {
    triple: "aarch64-linux-musl",
    flags: [],
    lto: true,
    engines: [SIMD],
    platform: { architecture: "arm64", variant: "v8" },
    emulator: ["qemu-aarch64-static"],
    standard: true,
  },
  armv7: {
    triple: "arm-linux-musleabihf",
    flags: ["-mcpu=cortex_a7"],
    lto: true,
    engines: [SIMD],
    platform: { architecture: "arm", variant: "v7" },
    emulator: ["qemu-arm-static", "-cpu", "cortex-a7"],
    standard: true,
  },
  armv5: {
    triple: "arm-linux-musleabi",
    flags: ["-mcpu=arm926ej_s"],
    lto: false,
    engines: [PLAIN],
    platform: { architecture: "arm", variant: "v5" },
    emulator: ["qemu-arm-static", "-cpu", "arm926"],
    standard: true,
  },
  mipsel: {
    triple: "mipsel-linux-musleabi",
    flags: ["-mcpu=mips32r2"],
    lto: true,
    engines: [PLAIN],
    platform: { architecture: "mipsle" },
    emulator: ["qemu-mipsel-static", "-cpu", "24Kc"],
    standard: false,
  },
  riscv64: {
    triple: "riscv64-linux-musl",
    flags: [],
    lto: true,
    engines: [PLAIN],
    platform: { architecture: "riscv64" },
    emulator: ["qemu-riscv64-static"],
    standard: false,
  },
};
