// Checks the records of engine memory: every field says its width, lies inside its record and overlaps no other.
//
// A record is the constants that share a prefix. A field's comment begins with its width: u8, u16, u32, u64 or "n bytes";
// a field without a comment has that of the field above. "UDP, u32" and "TUN, u32" are fields of either kind of
// record and may share their place.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./setup.mjs";

/** File, prefix of the fields, and the constant that says how long the record is. */
const RECORDS = [
  ["abi.ts", "SOCKADDR", "SOCKADDR_LENGTH"],
  ["abi.ts", "RXD", "RXD_STRIDE"],
  ["abi.ts", "TUND", "TUND_STRIDE"],
  ["abi.ts", "MSG", "MSG_STRIDE"],
  ["abi.ts", "PIECE", "PIECE_STRIDE"],
  ["abi.ts", "PREFIX", "PREFIX_STRIDE"],
  ["abi.ts", "PEER", "PEER_STRIDE"],
  ["abi.ts", "RULE", "RULE_STRIDE"],
  ["assembly/records.ts", "SECRET", "SECRET_STRIDE"],
  ["assembly/records.ts", "WINDOW", "WINDOW_LENGTH"],
  ["assembly/records.ts", "KEEPALIVE", "KEEPALIVE_STRIDE"],
  ["assembly/layout.ts", "WORK", "WORK_LENGTH"],
];

const CONSTANT = /^(?:export )?const ([A-Z0-9_]+)(?:: \w+)? = (\d+);/;
const COMMENT = /^\/\*\* (.*)/;
const WIDTH = /^(?:(UDP|TUN), )?(?:u(8|16|32|64)|(\d+) bytes)\b/;

/** The fields of one record, in the order of the source. */
function fieldsOf(source, prefix, size) {
  const fields = [];
  let comment = null;
  let above = null;
  for (const line of source.split("\n")) {
    const text = COMMENT.exec(line);
    if (text) comment = text[1];
    const constant = CONSTANT.exec(line);
    if (!constant) continue;
    const [, name, value] = constant;
    if (name.startsWith(`${prefix}_`) && name !== size) {
      const width = comment === null ? above : WIDTH.exec(comment);
      const bytes = width && (width[2] ? Number(width[2]) / 8 : Number(width[3]));
      fields.push({ name, at: Number(value), bytes, kind: width?.[1] });
      above = width;
    }
    comment = null;
  }
  return fields;
}

function lengthOf(source, size) {
  const line = source.split("\n").find((one) => CONSTANT.exec(one)?.[1] === size);
  return line === undefined ? null : Number(CONSTANT.exec(line)[2]);
}

/** What is wrong with one record, a sentence each. */
export function recordProblems(source, prefix, size) {
  const length = lengthOf(source, size);
  if (length === null) return [`${size} is not declared`];
  const fields = fieldsOf(source, prefix, size);
  if (fields.length === 0) return [`${prefix}_* has no fields`];
  const problems = [];
  fields.forEach((field, i) => {
    const { name, at, bytes, kind } = field;
    if (!bytes) problems.push(`${name}: its comment does not begin with its width`);
    else if (at + bytes > length) problems.push(`${name} ends at ${at + bytes}, ${size} is ${length}`);
    for (const other of fields.slice(0, i)) {
      if (kind && other.kind && kind !== other.kind) continue;
      if (at < other.at + other.bytes && other.at < at + bytes)
        problems.push(`${name} overlaps ${other.name}`);
    }
  });
  return problems;
}

/** What is wrong with the records of the engine. */
export function checkRecords() {
  return RECORDS.flatMap(([file, prefix, size]) =>
    recordProblems(readFileSync(join(root, "src/engine", file), "utf8"), prefix, size).map(
      (problem) => `src/engine/${file}: ${problem}`,
    ),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = checkRecords();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
