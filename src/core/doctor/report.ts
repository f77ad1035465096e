// The report of `subnetra doctor`: lines for people, at most 80 columns, and JSON for programs (docs/spec/doctor.md).

import { jsonText } from "../escape.ts";
import { oneLine } from "../printable.ts";
import { VERSION } from "../version.ts";
import type { Finding, Level } from "./finding.ts";

const WIDTH = 80;
const INDENT = "      ";
/** Raised only when a key is removed, renamed or retyped. */
export const DOCTOR_SCHEMA_VERSION = 1;

const WORDS: { readonly [level in Level]: string } = { pass: "PASS", warn: "WARN", fail: "FAIL" };

function count(findings: readonly Finding[], level: Level): number {
  let n = 0;
  for (let i = 0; i < findings.length; i++) if (findings[i]!.level === level) n++;
  return n;
}

/** The exit status: 1 when something failed. */
export function exitStatus(findings: readonly Finding[]): number {
  return count(findings, "fail") > 0 ? 1 : 0;
}

/** Text in lines of at most 80 columns; the first begins with `head`. A word that is too long stands alone, uncut. */
function wrap(head: string, text: string): string {
  const words = text.split(" ");
  let lines = "";
  let line = head;
  let empty = true;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines += `${line}\n`;
      line = INDENT;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return `${lines}${line}\n`;
}

/** The lines for people. */
export function reportText(findings: readonly Finding[]): string {
  let text = "";
  for (let i = 0; i < findings.length; i++) {
    const { level, text: what, remedy, skipped } = findings[i]!;
    text += wrap(`${WORDS[level]}  `, oneLine(skipped ? `not checked: ${what}` : what));
    if (remedy !== "") text += wrap(`${INDENT}remedy: `, oneLine(remedy));
  }
  const failed = count(findings, "fail");
  const warned = count(findings, "warn");
  const figures = `${count(findings, "pass")} passed, ${warned} warning(s), ${failed} failed`;
  const verdict = failed > 0 ? "one or more hard checks FAILED" : "all hard checks PASSED";
  return `${text}doctor: ${verdict} (${figures})\n`;
}

/** The same as one JSON object on one line. */
export function reportJson(findings: readonly Finding[]): string {
  const items: string[] = [];
  for (let i = 0; i < findings.length; i++) {
    const { check, level, skipped, text, remedy, peer, counter } = findings[i]!;
    items.push(
      `{"check":"${check}","level":"${level}","skipped":${skipped},"text":"${jsonText(oneLine(text))}",` +
        `"remedy":"${jsonText(oneLine(remedy))}","peer":${peer === 0 ? "null" : peer},` +
        `"counter":${counter === "" ? "null" : `"${jsonText(counter)}"`}}`,
    );
  }
  return (
    `{"doctor_schema_version":${DOCTOR_SCHEMA_VERSION},"version":"${jsonText(VERSION)}",` +
    `"ok":${exitStatus(findings) === 0},"passed":${count(findings, "pass")},"warnings":${count(findings, "warn")},` +
    `"failed":${count(findings, "fail")},"findings":[${items.join(",")}]}\n`
  );
}
