// What the daemon says of a configuration document before it touches the machine.

import { checkRegistry } from "../../../src/core/config/registry.ts";
import { checkSanity } from "../../../src/core/config/sanity.ts";
import { parseConfig } from "../../../src/core/config/values.ts";
import { isSubnetraError } from "../../../src/core/errors.ts";

/** The name of the first error, or "ok". */
export function verdict(bytes: Uint8Array): string {
  try {
    const config = parseConfig(bytes, bytes.length);
    checkSanity(config);
    checkRegistry(config);
    return "ok";
  } catch (error) {
    if (!isSubnetraError(error)) throw error;
    return error.code;
  }
}
