// The TUN device and segmentation offload of UDP on the real kernel, in network namespaces of their own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needsTun } from "../support/platform/requirements.ts";

/** Runs a scenario of tun-scenarios.ts in a new network namespace. */
function inNamespace(scenario: string, env: NodeJS.ProcessEnv = {}): void {
  const program = fileURLToPath(new URL("../support/platform/tun-scenarios.js", import.meta.url));
  const command = ["--net", process.execPath, program, scenario];
  const result = spawnSync("unshare", command, {
    env: { ...process.env, ...env },
    encoding: "utf8",
    timeout: 30_000,
  });
  assert.equal(result.status, 0, result.stderr + result.stdout);
}

describe("TUN", { skip: needsTun }, () => {
  test("gets the wanted name, cut at 15 characters, and vanishes on close", () => inNamespace("names"));
  test("a device that is in use is refused at the ioctl stage", () => inNamespace("busy"));
  test("reads and writes bare packets", () => inNamespace("plain", { SUBNETRA_OFFLOAD: "0" }));
  test("reads and writes packets with a virtio header", () => inNamespace("vnet", { SUBNETRA_OFFLOAD: "1" }));
  test("a write to a device that is down fails alone", () => inNamespace("down"));
  test("a removed device is reported", () => inNamespace("removed"));
});

describe("UDP segmentation", { skip: needsTun }, () => {
  test("a path whose MTU is below the segments still works", () => inNamespace("segments-small-mtu"));
  test("a device without checksum offload still works", () => inNamespace("segments-no-checksum"));
});
