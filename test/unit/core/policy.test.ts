import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../src/core/config/values.ts";
import { parseCommand } from "../../../src/core/control/commands.ts";
import { PolicyPageJob } from "../../../src/core/policy/page.ts";
import { addRule, initialRules } from "../../../src/core/policy/roles.ts";
import {
  EMPTY_TABLE,
  formatRule,
  nextPage,
  readRule,
  withoutComment,
} from "../../../src/core/policy/text.ts";
import { ACTION_DROP, ACTION_FORWARD } from "../../../src/engine/abi.ts";
import type { Engine } from "../../../src/engine/exports.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { matchRule } from "../../support/engine/match-rule.ts";

const RULE = "--src 0.0.0.0/0 --dst 10.0.0.5/24";

/** The command's verb or error, with its parameter. */
function verdict(line: string): string {
  const command = parseCommand(line);
  switch (command.verb) {
    case "none":
      return command.error;
    case "status":
      return command.json ? "status json" : "status";
    case "show":
      return `show ${command.from}`;
    case "add":
      return formatRule(command.rule).trim();
    default:
      return command.verb;
  }
}

test("the request grammar of control-protocol.md §2", () => {
  const drop = "policy add --src 0.0.0.0/0 --dst 10.0.0.5/24 --action drop";
  const forward = (id: number) =>
    `policy add --src 0.0.0.0/0 --dst 10.0.0.5/24 --action forward --target ${id}`;
  const cases: [string, string][] = [
    ["save", "save"],
    ["save now please", "save"],
    [" \t save\r", "save"],
    ["status", "status"],
    ["status   --json", "status json"],
    ["status --json more", "status json"],
    ["status more", "UnknownCommand"],
    ["status --JSON", "UnknownCommand"],
    ["policy show", "show 0"],
    ["policy show anything", "show 0"],
    ["policy show --from 17", "show 17"],
    ["policy show --from", "MissingArgument"],
    ["policy show --from x", "InvalidValue"],
    ["policy", "MissingArgument"],
    ["policy remove", "UnknownCommand"],
    ["policy\tshow", "UnknownCommand"],
    ["", "UnknownCommand"],
    ["   ", "UnknownCommand"],
    ["# policy show", "UnknownCommand"],
    ["Status", "UnknownCommand"],
    [`policy add ${RULE}`, drop],
    [`policy  add   --dst 10.0.0.5/24   --src 0.0.0.0/0`, drop],
    [`policy add ${RULE} --action drop --target 7`, drop],
    [`policy add ${RULE} --action forward --target 0`, forward(0)],
    [`policy add --target 4294967295 --action forward ${RULE}`, forward(4294967295)],
    [`policy add --src 9.9.9.9/9 ${RULE} --target 1 --target 2 --action drop --action forward`, forward(2)],
    [`policy add ${RULE} --action forward`, "MissingArgument"],
    ["policy add --src 0.0.0.0/0", "MissingArgument"],
    ["policy add --dst 0.0.0.0/0", "MissingArgument"],
    ["policy add", "MissingArgument"],
    [`policy add ${RULE} --action`, "MissingArgument"],
    [`policy add ${RULE} extra`, "UnknownCommand"],
    [`policy add ${RULE} --prio 3`, "UnknownCommand"],
    [`policy add ${RULE} --action=drop`, "UnknownCommand"],
    [`policy add ${RULE} --action Drop`, "InvalidValue"],
    [`policy add ${RULE} --action forward --target 4294967296`, "InvalidValue"],
    [`policy add ${RULE} --action forward --target -1`, "InvalidValue"],
    [`policy add ${RULE} --action drop --target x`, "InvalidValue"],
    ["policy add --src 0.0.0.0 --dst 0.0.0.0/0", "InvalidValue"],
    ["__proto__", "UnknownCommand"],
  ];
  for (const [line, expected] of cases) assert.equal(verdict(line), expected, JSON.stringify(line));
});

function rulesOf(document: object): string[] {
  const bytes = Buffer.from(JSON.stringify(document));
  return initialRules(parseConfig(bytes, bytes.length)).map((rule) =>
    formatRule(rule)
      .replace("policy add --src 0.0.0.0/0 --dst ", "")
      .replace("--action forward --target ", "")
      .trim(),
  );
}

const peer = (id: number, allowed: string) => ({
  id,
  endpoint: `192.0.2.${id}:18020`,
  allowed_src: allowed,
  psk: String(id).repeat(64),
});

test("roles make the starting table of config.md §8", () => {
  const hub = peer(1, "10.0.0.0/24");
  assert.deepEqual(rulesOf({ role: "manual", peers: [hub] }), []);
  assert.deepEqual(rulesOf({ role: "hub", peers: [peer(2, "10.0.0.2/32"), peer(3, "10.0.0.3/32")] }), [
    "10.0.0.2/32 2",
    "10.0.0.3/32 3",
  ]);
  const spoke = { role: "spoke", virtual_subnet: "10.0.0.0/24", peers: [hub] };
  assert.deepEqual(rulesOf({ ...spoke, local_tun_ip: "10.0.0.2/24" }), ["10.0.0.2/32 0", "10.0.0.0/24 1"]);
  assert.deepEqual(rulesOf({ ...spoke, local_tun_ip: "10.0.0.2/24", local_routes: ["10.0.0.9/31"] }), [
    "10.0.0.9/31 0",
    "10.0.0.0/24 1",
  ]);
  const lan = {
    ...spoke,
    local_routes: ["192.168.10.0/24"],
    remote_routes: ["192.168.31.0/24", "0.0.0.0/0"],
  };
  assert.deepEqual(rulesOf(lan), ["192.168.10.0/24 0", "192.168.31.0/24 1", "0.0.0.0/0 1"]);
});

/** What the engine does with a destination: a target, "drop" or "none". */
function route(lines: string[], destination: number): string {
  const engine = loadEngine();
  for (const line of lines) {
    const command = parseCommand(`policy add --src 0.0.0.0/0 --dst ${line}`);
    if (command.verb !== "add") assert.fail(line);
    assert.ok(addRule(engine, command.rule));
  }
  const index = matchRule(engine, destination);
  if (index < 0) return "none";
  const rule = readRule(engine, index);
  return rule.action === ACTION_FORWARD ? String(rule.target) : "drop";
}

test("the examples of config.md §8 and policy.md in the engine", () => {
  const spoke = ["10.0.0.2/32 --action forward --target 0", "10.0.0.0/24 --action forward --target 1"];
  assert.equal(route(spoke, 0x0a000002), "0");
  assert.equal(route(spoke, 0x0a000003), "1");
  const lan = ["192.168.10.0/24 --action forward --target 0", "192.168.31.0/24 --action forward --target 1"];
  assert.equal(route(lan, 0x08080808), "none");
  const both = ["0.0.0.0/0 --action drop", "192.168.2.0/24 --action forward --target 5"];
  for (const order of [both, both.slice().reverse()]) {
    assert.equal(route(order, 0xc0a80264), "5");
    assert.equal(route(order, 0x08080808), "drop");
  }
});

/** The page from rule `from` on. */
function policyPage(engine: Engine, from: number): string {
  const job = new PolicyPageJob(engine, from);
  for (;;) {
    const page = job.step();
    if (page !== null) return page;
  }
}

test("the table as text: whole, in pages, empty", () => {
  const engine = loadEngine();
  assert.equal(policyPage(engine, 0), EMPTY_TABLE);
  const lines: string[] = [];
  for (let i = 0; i < 3000; i++) {
    const action = i % 3 === 0 ? ACTION_DROP : ACTION_FORWARD;
    const rule = {
      src: { address: (i * 2654435761) >>> 0, bits: i % 33 },
      dst: { address: (i * 40503) >>> 0, bits: 32 - (i % 33) },
      action,
      target: action === ACTION_FORWARD ? i : 0,
    };
    lines.push(formatRule(rule));
    assert.ok(addRule(engine, rule));
  }
  let text = "";
  let pages = 0;
  for (let from = 0; from >= 0; pages++) {
    const page = policyPage(engine, from);
    // The original's client reads no more, and cuts a longer page without a word.
    assert.ok(page.length <= 30464);
    assert.ok(page.endsWith("\n"));
    text += withoutComment(page);
    from = nextPage(page);
  }
  assert.equal(text, lines.join(""));
  assert.equal(pages, Math.ceil(text.length / 30400));
  const first = policyPage(engine, 0);
  const shown = withoutComment(first).split("\n").length - 1;
  assert.ok(first.endsWith(`# ${3000 - shown} more rule(s): ask with "policy show --from ${shown}"\n`));
  assert.equal(policyPage(engine, 3000), "# no more policy rules\n");
  assert.equal(policyPage(engine, 4294967295), "# no more policy rules\n");
});
