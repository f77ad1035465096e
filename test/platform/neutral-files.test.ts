// Files outside of linux/, but for the two that docs/adding.md names, need nothing of the C library that only Linux has.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { root } from "../../lab/project.ts";

const folder = new URL("../../src/platform/nodejs/", import.meta.url);
/** These still import linux/. */
const BOUND = ["client-sys.js", "memory-tun.js", "sys.js"];
/** Prints the functions that importing the module in argv[1] binds. */
const REPORT = `
import koffi from "koffi";
const load = koffi.load;
koffi.load = (...args) => {
  const library = load(...args);
  return { func: (prototype) => (console.log("bound " + prototype), library.func(prototype)) };
};
await import(process.argv[1]);
`;
const LINUX_ONLY =
  /\b(sendmmsg|recvmmsg|getrandom|memfd_create|prctl|capget|capset|syscall|epoll\w*|mlock2|madvise)\(/;

for (const name of readdirSync(folder).filter((file) => file.endsWith(".js") && !BOUND.includes(file))) {
  test(`${name} binds nothing that only Linux has`, () => {
    const url = new URL(name, folder).href;
    const output = execFileSync(process.execPath, ["--input-type=module", "--eval", REPORT, url], {
      encoding: "utf8",
      cwd: root,
    });
    if (name === "libc.js") assert.match(output, /bound int socket\(/);
    assert.doesNotMatch(output, LINUX_ONLY);
  });
}
