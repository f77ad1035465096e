// Manual pages and completion: checked by the programs that read them.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { findCommand } from "../../lab/prerequisites.ts";
import { must, run } from "../../lab/process.ts";
import { root } from "../../lab/project.ts";
import { commandLines } from "../../src/apps/tools/command-lines.ts";
import { completionScript, SHELLS } from "../../src/apps/tools/completion-scripts.ts";
import { FIELDS, PEER_FIELDS } from "../../src/core/config/fields.ts";
import { gate } from "../support/deploy/machine.ts";

const { manualPages, writeManualPages } = await import(
  pathToFileURL(join(root, "scripts/man-pages.mjs")).href
);
const without = (command: string) => !gate && findCommand(command) === undefined && `needs ${command}`;
const folder = mkdtempSync(join(tmpdir(), "subnetra-manual-"));

before(() => {
  writeManualPages(folder);
  for (const shell of SHELLS) writeFileSync(join(folder, shell), completionScript(shell, commandLines()));
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("the manual pages", () => {
  const files = ["subnetra.1", "subnetrad.8", "subnetra-config.5"].map((name) => join(folder, name));

  it("are accepted by mandoc", { skip: without("mandoc") }, () => {
    const { status, stdout } = run(["mandoc", "-T", "lint", ...files]);
    assert.equal(stdout, "");
    assert.equal(status, 0);
  });

  it("are accepted by groff", { skip: without("man") }, () => {
    for (const file of files) {
      const { stderr } = run(["env", "LC_ALL=C.UTF-8", "man", "--warnings", "-l", file]);
      assert.equal(stderr, "", file);
    }
  });

  it("name every command, tool, option of the daemon and field", () => {
    const text = Object.fromEntries(
      manualPages().map((page: { name: string; text: string }) => [
        page.name,
        page.text.replaceAll("\\-", "-"),
      ]),
    );
    for (const { program, words, flags } of commandLines()) {
      assert.ok(text[program].includes(words.join(" ")), words.join(" "));
      for (const { name } of flags)
        if (program === "subnetrad") assert.ok(text[program].includes(name), name);
    }
    for (const table of [FIELDS, PEER_FIELDS])
      for (const { name } of Object.values(table))
        assert.ok(text["subnetra-config"].includes(`.B ${name}\n`), name);
  });
});

describe("completion", () => {
  /** What bash offers for a line whose last word is being typed. */
  const bash = (...words: string[]) =>
    must([
      "bash",
      "-c",
      `source ${folder}/bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _$1; printf '%s\\n' "\${COMPREPLY[@]}"`,
      "x",
      ...words,
    ])
      .trim()
      .split("\n");
  const fish = (line: string) =>
    must(["fish", "--no-config", "-c", `source ${folder}/fish; complete -C '${line}'`])
      .trim()
      .split("\n")
      .map((offer) => offer.split("\t")[0]);
  /** zsh completes only in its line editor: a pseudo-terminal types the line and a tab. */
  const zsh = (line: string) =>
    must([
      "zsh",
      "-fc",
      `zmodload zsh/zpty; zpty -b z zsh -f -i
      zpty -w z "PS1=; fpath=(${folder}/functions $fpath); autoload -U compinit; compinit -u -D; bindkey '^I' complete-word; print RE''ADY"
      zpty -r -m z out '*READY*'; sleep 0.5; zpty -w -n z "${line}"$'\t'; sleep 1.5
      out=; while zpty -r -t z more; do out+=$more; done; print -r -- $out; zpty -d z`,
    ]);

  it("works in bash", { skip: without("bash") }, () => {
    assert.deepEqual(bash("subnetra", "pol"), ["policy"]);
    assert.ok(bash("subnetra", "policy", "").includes("add"));
    assert.deepEqual(bash("subnetra", "status", "--"), ["--json"]);
    assert.deepEqual(bash("subnetra", "policy", "add", "--action", ""), ["forward", "drop"]);
    assert.deepEqual(
      bash("subnetra", "policy", "add", "--src", "10.0.0.0/8", "--dst", "10.0.0.0/8", "--ac"),
      ["--action"],
    );
    assert.deepEqual(bash("subnetrad", "--dialect", "m"), ["macos"]);
    assert.ok(bash("subnetrad", "--config", `${folder}/subnetrad`).includes(`${folder}/subnetrad.8`));
  });

  it("works in fish", { skip: without("fish") }, () => {
    assert.deepEqual(fish("subnetra pol"), ["policy"]);
    assert.ok(fish("subnetra policy ").includes("show"));
    assert.deepEqual(fish("subnetra policy add --action f"), ["forward"]);
    assert.deepEqual(fish("subnetrad --dialect m"), ["macos"]);
  });

  it("works in zsh", { skip: without("zsh") }, () => {
    must(["zsh", "-n", join(folder, "zsh")]);
    must(["sh", "-c", `mkdir -p ${folder}/functions && cp ${folder}/zsh ${folder}/functions/_subnetra`]);
    assert.match(zsh("subnetra pol"), /policy/);
    assert.match(zsh("subnetra policy add --action f"), /forward/);
    assert.match(zsh("subnetrad --dialect m"), /macos/);
  });
});
