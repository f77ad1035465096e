// Loads the engine's WebAssembly module and gives it a memory of fixed size, so its address never changes.

import { readFileSync } from "node:fs";
import { ABI_VERSION, DEFAULT_PEERS, DEFAULT_RULES, DEFAULT_RX_BUFFERS } from "./abi.ts";
import type { Engine, EngineExports } from "./exports.ts";

export type EngineVariant = "simd" | "plain";

/** 32 MiB of address space; pages are committed by the system as they are touched. */
const MEMORY_PAGES = 512;

/** The smallest module that needs SIMD: one function with one v128 instruction. */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
  11,
]);

const compiled: { [variant: string]: WebAssembly.Module } = {};

/** The variant this machine runs fastest: SIMD where the CPU and the runtime have it. */
export function bestVariant(): EngineVariant {
  return WebAssembly.validate(SIMD_PROBE) ? "simd" : "plain";
}

/**
 * Instantiates an engine of its own, laid out with the default capacities (init may be called again).
 *
 * @param variant "simd" or "plain"; by default the best one here.
 * @throws when the module is missing (build first) or was built for another ABI.
 */
export function loadEngine(variant: EngineVariant = bestVariant(), pages: number = MEMORY_PAGES): Engine {
  let module = compiled[variant];
  if (module === undefined) {
    module = new WebAssembly.Module(readFileSync(new URL(`./engine-${variant}.wasm`, import.meta.url)));
    compiled[variant] = module;
  }
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const abort = (_message: number, _file: number, line: number, column: number): never => {
    throw new Error(`engine aborted at ${line}:${column}`);
  };
  const instance = new WebAssembly.Instance(module, { env: { memory, abort } });
  const call = instance.exports as unknown as EngineExports;
  if (call.abiVersion() !== ABI_VERSION)
    throw new Error("engine and host were built from different sources; build again");
  const short = call.init(DEFAULT_PEERS, DEFAULT_RULES, DEFAULT_RX_BUFFERS);
  if (short !== 0) throw new Error(`engine memory too small: ${short} bytes needed`);
  return { call, u8: new Uint8Array(memory.buffer), u32: new Uint32Array(memory.buffer) };
}
