// Builds test/support/native/harness.c with the compilers at hand.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const NATIVE = join(root, "src/engine/native");
const TARGETS: { readonly [arch: string]: string } = { x64: "amd64", arm64: "arm64" };
const PYTHON = join(root, ".cache/venv/bin/python");

interface Width {
  readonly name: string;
  readonly lanes: number;
  readonly flags: readonly string[];
}

/** A C compiler, and how a harness is built with it. */
export interface Toolchain {
  readonly name: string;
  readonly command: readonly string[];
  readonly sanitizes: boolean;
  /** A width's flags, which the tiny build gives to zig, as this compiler takes them. */
  widthFlags(flags: readonly string[]): readonly string[];
}

/** zig takes the features joined to the base they add to, and the last such flag counts; gcc takes each by itself. */
const featureFlags = (flags: readonly string[]) =>
  flags.flatMap((flag) => flag.split("+").slice(1)).map((feature) => `-m${feature}`);

const WARNINGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"];

const GCC: Toolchain = { name: "gcc", command: ["gcc", "-O3"], sanitizes: false, widthFlags: featureFlags };
const GCC_SANITIZED: Toolchain = {
  name: "gcc with sanitizers",
  command: ["gcc", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
  sanitizes: true,
  widthFlags: featureFlags,
};
const ZIG: Toolchain = {
  name: "zig cc",
  command: [PYTHON, "-m", "ziglang", "cc", "-O3", "-mcpu=baseline"],
  sanitizes: false,
  widthFlags: (flags) => flags,
};

function run(command: readonly string[], input?: Buffer) {
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: join(root, ".cache/zig") };
  return spawnSync(command[0]!, command.slice(1), { cwd: root, encoding: "utf8", env, input });
}

/** The compilers that this machine has. */
export function toolchains(): Toolchain[] {
  if (TARGETS[process.arch] === undefined) return [];
  const found = run(["gcc", "--version"]).status === 0 ? [GCC, GCC_SANITIZED] : [];
  return existsSync(PYTHON) && run([PYTHON, "-m", "ziglang", "version"]).status === 0
    ? [...found, ZIG]
    : found;
}

async function widths(): Promise<readonly Width[]> {
  const { TARGETS: targets } = await import(pathToFileURL(join(root, "scripts/tiny/targets.mjs")).href);
  return targets[TARGETS[process.arch]!].aead;
}

export class Harness {
  private readonly folder = mkdtempSync(join(tmpdir(), "subnetra-native-"));
  private readonly file = join(this.folder, "harness");

  static async build(toolchain: Toolchain): Promise<Harness> {
    const harness = new Harness();
    const objects: string[] = [];
    const compile = (source: string, flags: readonly string[]) => {
      objects.push(join(harness.folder, `${objects.length}.o`));
      harness.must([...toolchain.command, ...WARNINGS, ...flags, "-c", source, "-o", objects.at(-1)!]);
    };
    compile(join(root, "test/support/native/harness.c"), [`-I${NATIVE}`]);
    compile(join(NATIVE, "aead.c"), []);
    for (const { name, lanes, flags } of await widths())
      compile(join(NATIVE, "aead-unit.c"), [
        ...toolchain.widthFlags(flags),
        `-DAEAD_NAME=${name}`,
        `-DAEAD_LANES=${lanes}`,
      ]);
    harness.must([...toolchain.command, ...objects, "-o", harness.file]);
    return harness;
  }

  /** The implementations that this CPU runs. */
  names(): string[] {
    return this.must([this.file, "names"]).trim().split("\n");
  }

  /** Checks cases with one implementation. Returns how many it checked. Throws with the first fault. */
  check(name: string, cases: Buffer, step: number): number {
    return Number(this.must([this.file, "check", name, String(step)], cases));
  }

  /** Nanoseconds per call of each implementation, as text. */
  bench(rounds: number): string {
    return this.must([this.file, "bench", String(rounds)]);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  private must(command: readonly string[], input?: Buffer): string {
    const { status, stdout, stderr } = run(command, input);
    if (status !== 0) throw new Error(`${command.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  }
}
