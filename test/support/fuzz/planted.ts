// A parser with a planted defect behind several conditions, which blind mutations would take ages to meet.

import { bytesOf, latin1, type Target } from "./target.ts";

function depth(text: string): number {
  if (text.charAt(0) !== "<") return 0;
  if (text.charAt(1) !== "k") return 1;
  if (text.charAt(2) !== "=") return 2;
  if (text.charAt(3) !== "7") return 3;
  if (text.charAt(4) !== ">") return 4;
  throw new TypeError("planted");
}

export const planted: Target = {
  name: "planted",
  covers: "/test/support/fuzz/planted.js",
  seeds: [bytesOf("begin")],
  words: ["<", "k", "=", "7", ">"],
  run(input) {
    depth(latin1(input));
    return [];
  },
};
