// The targets of the tiny build.

/** Largest file, in bytes. */
export const SIZE_LIMIT = 524288;

/**
 * Widths of the native AEAD: 32-bit words of a vector, and flags for what src/engine/native/aead.c asks of the CPU.
 */
const AVX512 = { name: "avx512", lanes: 8, flags: ["-mcpu=x86_64+avx2+bmi2+avx512f+avx512vl"] };
const AVX2 = { name: "avx2", lanes: 8, flags: ["-mcpu=x86_64+avx2+bmi2"] };
const SSE2 = { name: "sse2", lanes: 4, flags: [] };
const NEON = { name: "neon", lanes: 4, flags: [] };

/**
 * For each target: zig's triple and flags for all code, the engine's variant and the widths of the native AEAD it
 * carries with the variant "native", the name of its CPU in container images, and the emulator that runs it elsewhere.
 *
 * armv5 is built without link-time optimisation: with it the CPU is lost on the way and code for a newer one
 * results.
 */
export const TARGETS = {
  amd64: {
    triple: "x86_64-linux-musl",
    flags: [],
    lto: true,
    engine: "native",
    aead: [AVX512, AVX2, SSE2],
    platform: { architecture: "amd64" },
    emulator: ["qemu-x86_64-static"],
    standard: true,
  },
  arm64: {
    triple: "aarch64-linux-musl",
    flags: [],
    lto: true,
    engine: "native",
    aead: [NEON],
    platform: { architecture: "arm64", variant: "v8" },
    emulator: ["qemu-aarch64-static"],
    standard: true,
  },
  armv7: {
    triple: "arm-linux-musleabihf",
    flags: ["-mcpu=cortex_a7"],
    lto: true,
    engine: "simd",
    platform: { architecture: "arm", variant: "v7" },
    emulator: ["qemu-arm-static", "-cpu", "cortex-a7"],
    standard: true,
  },
  armv5: {
    triple: "arm-linux-musleabi",
    flags: ["-mcpu=arm926ej_s"],
    lto: false,
    engine: "plain",
    platform: { architecture: "arm", variant: "v5" },
    emulator: ["qemu-arm-static", "-cpu", "arm926"],
    standard: true,
  },
  mipsel: {
    triple: "mipsel-linux-musleabi",
    flags: ["-mcpu=mips32r2"],
    lto: true,
    engine: "plain",
    platform: { architecture: "mipsle" },
    emulator: ["qemu-mipsel-static", "-cpu", "24Kc"],
    // Code of 32-bit MIPS is half as long again: with every tool the file would be over the limit. So for mips below.
    entry: "src/apps/tiny/main-small.ts",
    standard: false,
  },
  mips: {
    triple: "mips-linux-musleabi",
    flags: ["-mcpu=mips32r2"],
    lto: true,
    engine: "plain",
    // With it the engine's code is 20 KB longer, and the file over the limit: every access of a word takes two instructions more.
    engineLto: false,
    platform: { architecture: "mips" },
    emulator: ["qemu-mips-static", "-cpu", "24Kc"],
    entry: "src/apps/tiny/main-small.ts",
    standard: false,
  },
  riscv64: {
    triple: "riscv64-linux-musl",
    flags: [],
    lto: true,
    engine: "plain",
    platform: { architecture: "riscv64" },
    emulator: ["qemu-riscv64-static"],
    standard: false,
  },
};

/** The target of the machine this runs on. */
export const NATIVE_TARGET = { x64: "amd64", arm64: "arm64", riscv64: "riscv64" }[process.arch] ?? "amd64";
