// Endpoints as the engine has them.

import { SOCKADDR_ADDRESS, SOCKADDR_PORT } from "../engine/abi.ts";
import { DYNAMIC } from "./config/endpoint.ts";

/** A.B.C.D:port of a struct sockaddr_in, "dynamic" while it is unknown. (In one step: Duktape hashes and stores the result of every addition.) */
export function formatSockaddr(u8: Uint8Array, at: number): string {
  const a = at + SOCKADDR_ADDRESS;
  const port = u8[at + SOCKADDR_PORT]! * 256 + u8[at + SOCKADDR_PORT + 1]!;
  if (port === 0 && (u8[a]! | u8[a + 1]! | u8[a + 2]! | u8[a + 3]!) === 0) return DYNAMIC;
  return `${u8[a]}`.concat(".", `${u8[a + 1]}`, ".", `${u8[a + 2]}`, ".", `${u8[a + 3]}`, ":", `${port}`);
}
