// Core and an entry of the tiny build as one ES5 program, compressed into a C array.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseSync, transformSync } from "@swc/core";
import { buildSync, transformSync as minifySync } from "esbuild";
import { root } from "../setup.mjs";

/** Lowering may assume what holds for our sources: it makes the program smaller and its calls faster. */
const ASSUMPTIONS = {
  constantReexports: true,
  constantSuper: true,
  ignoreFunctionLength: true,
  ignoreFunctionName: true,
  ignoreToPrimitiveHint: true,
  iterableIsArray: true,
  noClassCalls: true,
  noDocumentAll: true,
  noIncompleteNsImportDetection: true,
  noNewArrows: true,
  objectRestNoSymbols: true,
  privateFieldsAsProperties: true,
  pureGetters: true,
  setClassMethods: true,
  setComputedProperties: true,
  setPublicClassFields: true,
  setSpreadProperties: true,
  skipForOfIteratorClosing: true,
  superIsCallableConstructor: true,
};

/** What duk-overrides.h leaves out and a program must therefore not mention. */
const ABSENT = ["Date", "JSON", "Map", "Promise", "Proxy", "Reflect", "RegExp", "Set", "Symbol"];

/** Complains about a program that Duktape could not run, or only until it comes to the wrong place. */
function checkProgram(source) {
  const complaints = [];
  const visit = (node) => {
    if (node === null || typeof node !== "object") return;
    if (node.type === "RegExpLiteral") complaints.push(`regular expression ${node.pattern}`);
    if (node.type === "Identifier" && ABSENT.includes(node.value)) complaints.push(node.value);
    for (const key in node) visit(node[key]);
  };
  visit(parseSync(source, { syntax: "ecmascript", target: "es5", isModule: false }));
  if (complaints.length > 0) throw new Error(`the tiny build has no ${complaints.join(", ")}`);
}

/** What the static file runs, relative to the project. */
export const SHIPPED_ENTRY = "src/apps/tiny/main.ts";

/** The source of the program that starts in the module `entry`, in ES5, minified. */
export function bundleProgram(entry) {
  const bundle = buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    write: false,
    minifySyntax: true,
  }).outputFiles[0].text;
  const lowered = transformSync(bundle, {
    configFile: false,
    swcrc: false,
    isModule: false,
    // Duktape's own typeof and instanceof are right for everything it has.
    env: { targets: { ie: "11" }, exclude: ["transform-typeof-symbol", "transform-instanceof"] },
    jsc: { parser: { syntax: "ecmascript" }, assumptions: ASSUMPTIONS },
  }).code;
  const source = minifySync(lowered, {
    minify: true,
    target: "es5",
    charset: "ascii",
    legalComments: "none",
  });
  checkProgram(source.code);
  return source.code.trim();
}

function array(name, bytes) {
  const lines = [];
  for (let i = 0; i < bytes.length; i += 20) lines.push(`    ${[...bytes.subarray(i, i + 20)].join(", ")},`);
  return `const uint8_t ${name}[] = {\n${lines.join("\n")}\n};\n`;
}

/** program.c: the compressed source and its lengths. */
export function programSource(source) {
  const script = fileURLToPath(new URL("deflate.mjs", import.meta.url));
  const packed = execFileSync(process.execPath, [script], { input: Buffer.from(source, "latin1") });
  return (
    `#include "program.h"\n\n${array("program_data", packed)}` +
    `const size_t program_data_length = ${packed.length};\nconst size_t program_length = ${source.length};\n`
  );
}
