// How a failed start is told: the literal line of daemon-cli.md, then what is wrong and the remedy.

import type { ErrorCode } from "./error-codes.ts";
import { explain, isSubnetraError, type SubnetraError } from "./errors.ts";

/** Thrown by a step of the start; `text` is what goes to standard error. */
export class StartFailure {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The literal line and the explanation; a code the line does not hold gets a line of its own. */
export function startFailure(line: string, error: SubnetraError): StartFailure {
  const code = line.indexOf(error.code) < 0 ? `  ${error.code}\n` : "";
  return new StartFailure(`${line}\n${code}${explain(error)}`);
}

/** Runs one step; its SubnetraError becomes a StartFailure with the line made from its code. */
export function step<T>(line: (code: ErrorCode) => string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (isSubnetraError(error)) throw startFailure(line(error.code), error);
    throw error;
  }
}
