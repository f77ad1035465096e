// The daemon's arguments, daemon-cli.md §1, and when `subnetra` passes its own on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asksForPlan, parseDaemonArgs } from "../../../src/core/daemon-args.ts";

test("subnetra prints or refuses a network plan, and never starts a daemon", () => {
  for (const words of [
    "--print-network-plan",
    "--config c.json --print-network-plan --os macos",
    "--print-network-plan --nonsense",
    "--print-network-plan --config",
    "--path-mtu --print-network-plan --print-network-plan",
  ])
    assert.equal(asksForPlan(words.split(" ")), true, words);
  for (const words of [
    "status",
    "",
    "--config c.json",
    "status --print-network-plan",
    "--print-network-plan --help",
    "--print-network-plan -V",
    // The word is the flag's value.
    "--config --print-network-plan",
    "--print-network-plan --check",
  ])
    assert.equal(asksForPlan(words.split(" ")), false, words);
});

test("the first of a repeated value counts, and --strict goes with --check only", () => {
  const args = parseDaemonArgs("--config a --config b --policy p --check --strict".split(" "));
  assert.deepEqual([args.config, args.policy, args.mode, args.strict], ["a", "p", "check", true]);
  assert.throws(() => parseDaemonArgs(["--strict"]), { code: "InvalidArgument" });
  assert.throws(() => parseDaemonArgs(["--config"]), { code: "MissingValue" });
  assert.throws(() => parseDaemonArgs(["--chek"]), { code: "UnknownArgument" });
});
