import { ABI_VERSION } from "../abi";

export function abiVersion(): i32 {
  return ABI_VERSION;
}
