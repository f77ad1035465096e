// What a killed run of the lab left behind, with a file system still mounted in it, is gone with the next lab.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Lab } from "../../lab/lab.ts";
import { must, run } from "../../lab/process.ts";

/** An id no process has: one that ran and was waited for. */
function endedProcess(): number {
  return Number(must(["sh", "-c", "echo $$"]));
}

const skip = process.getuid?.() === 0 ? false : "mounting needs root";

describe("Lab", { skip }, () => {
  it("removes the mounts and folders of a run that was killed", () => {
    const stale = join(tmpdir(), `snlab-${endedProcess()}-killed-x`);
    const inner = join(stale, "a");
    mkdirSync(inner, { recursive: true });
    must(["mount", "-t", "tmpfs", "tmpfs", inner]);
    const lab = new Lab("fresh");
    try {
      assert.equal(existsSync(stale), false);
      assert.doesNotMatch(readFileSync("/proc/self/mounts", "utf8"), new RegExp(stale));
    } finally {
      lab.close();
      if (existsSync(inner)) run(["umount", "--lazy", inner]);
    }
  });

  it("detaches at its end what was mounted in its folder", () => {
    const lab = new Lab("mounts");
    const inner = join(lab.folder, "disk");
    mkdirSync(inner);
    lab.mountMemory(inner, "64k");
    assert.match(readFileSync("/proc/self/mounts", "utf8"), new RegExp(inner));
    lab.close();
    assert.equal(existsSync(lab.folder), false);
    assert.doesNotMatch(readFileSync("/proc/self/mounts", "utf8"), new RegExp(inner));
  });
});
