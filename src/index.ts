// The package's programming interface: what is stable now. (A node as a library object is not part of it yet.)

export type { Cidr } from "./core/cidr.ts";
export type { Endpoint } from "./core/config/endpoint.ts";
export type { Config, PeerConfig, Role } from "./core/config/values.ts";
export { parseConfig } from "./core/config/values.ts";
export type { ErrorCode } from "./core/error-codes.ts";
export type { SubnetraError } from "./core/errors.ts";
export { explain, isSubnetraError } from "./core/errors.ts";
export { VERSION } from "./core/version.ts";
