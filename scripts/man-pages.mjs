// The manual pages subnetra(1), subnetrad(8) and subnetra-config(5), from the tables that help and documents are made of.
//
//   node scripts/man-pages.mjs [FOLDER]     writes them (default dist/man), after a build

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandLines } from "../dist/src/apps/tools/command-lines.js";
import { TOOLS } from "../dist/src/apps/tools/table.js";
import { FIELD_NOTES, FIELDS, PEER_FIELD_NOTES, PEER_FIELDS } from "../dist/src/core/config/fields.js";
import { COMMANDS } from "../dist/src/core/control/commands.js";
import { DAEMON_USAGE } from "../dist/src/core/daemon-args.js";
import { ERROR_CODES } from "../dist/src/core/error-codes.js";
import { TOOL_NAMES } from "../dist/src/core/tools/names.js";
import { sourceDate, VERSION } from "./release/version.mjs";
import { root } from "./setup.mjs";

/** Text as roff reads it literally, in ASCII. */
function plain(text) {
  const escaped = text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replaceAll("…", "...")
    .replaceAll("–", "\\(en");
  return escaped.startsWith(".") ? `\\&${escaped}` : escaped;
}

const bold = (text) => `.B ${plain(text)}\n`;

/** Text in lines that mandoc finds short enough. */
function flowing(text) {
  const lines = [""];
  for (const word of plain(text).split(" ")) {
    const last = lines.at(-1);
    if (last !== "" && last.length + 1 + word.length > 76) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.map((line) => `${line}\n`).join("");
}

const item = (tag, text) => `.TP\n${bold(tag)}${flowing(text)}`;
const verbatim = (text) =>
  `.nf\n.RS\n${text
    .trimEnd()
    .split("\n")
    .map((line) => plain(line))
    .join("\n")}\n.RE\n.fi\n`;

/** Each section under its heading; a section begins with a macro or with text. */
function page(name, section, what, sections) {
  const date = new Date(sourceDate() * 1000).toISOString().slice(0, 10);
  const head =
    `.\\" Written by scripts/man-pages.mjs.\n` +
    `.TH ${name.toUpperCase().replaceAll("-", "\\-")} ${section} ${date} "subnetra ${VERSION}" "Subnetra"\n`;
  const body = [["NAME", `${plain(name)} \\- ${plain(what)}\n`], ...sections];
  return {
    name,
    section,
    text: head + body.map(([title, text]) => `.SH ${title}\n${text}`).join(""),
  };
}

const SOCKET = item("SUBNETRA_SOCK", "the daemon's control socket; default /run/subnetra/subnetra.sock");

function clientPage() {
  const synopsis = COMMANDS.map(({ words, usage }) => `subnetra ${`${words.join(" ")} ${usage}`.trim()}`);
  const commands = COMMANDS.map(({ words, usage, help }) => item(`${words.join(" ")} ${usage}`.trim(), help));
  const tools = TOOL_NAMES.map(({ name, summary, everywhere }) => {
    const help = TOOLS.find((tool) => tool.name === name).help;
    const where = everywhere ? "" : ".PP\nNot in the static file: it needs the Node.js build.\n";
    return `.SS ${plain(name)}\n${flowing(`${summary}.`)}${where}${verbatim(help)}`;
  });
  return page("subnetra", 1, "control a Subnetra node, and its tools", [
    ["SYNOPSIS", verbatim([...synopsis, "subnetra TOOL ..."].join("\n"))],
    [
      "DESCRIPTION",
      flowing(
        "Asks and changes the running daemon through its control socket, and carries the tools around it.",
      ),
    ],
    ["COMMANDS", commands.join("")],
    ["TOOLS", tools.join("")],
    ["ENVIRONMENT", SOCKET],
    [
      "EXIT STATUS",
      item("0", "done") + item("1", "it failed, or the reply says so: the reason is on standard error"),
    ],
    ["SEE ALSO", ".BR subnetrad (8),\n.BR subnetra\\-config (5)\n"],
  ]);
}

function daemonPage() {
  const usage = DAEMON_USAGE.slice("usage: ".length, DAEMON_USAGE.indexOf("\n\n"));
  const flags = commandLines().find(({ program }) => program === "subnetrad").flags;
  const options = flags.map(({ name, value, meaning }) => {
    const shown = value === "nothing" ? name : `${name} ${Array.isArray(value) ? value.join("|") : "VALUE"}`;
    return item(shown, meaning);
  });
  const environment = /Environment: ([^\n]*(?:\n[^\n]+)*)/.exec(DAEMON_USAGE)[1].replace(/\s+/g, " ");
  const examples = DAEMON_USAGE.slice(DAEMON_USAGE.indexOf("Examples:\n") + 10);
  return page("subnetrad", 8, "the daemon of a Subnetra node", [
    [
      "SYNOPSIS",
      verbatim(
        usage
          .split("\n")
          .map((line) => line.trim())
          .join("\n"),
      ),
    ],
    [
      "DESCRIPTION",
      `${flowing("Joins this machine to an overlay network: opens a TUN device, its UDP ports and a control socket, gives up every capability, prints one line that ends with")}${bold("[ready]")}and carries packets until SIGTERM or SIGINT.
`,
    ],
    ["OPTIONS", options.join("")],
    ["ENVIRONMENT", flowing(environment)],
    [
      "FILES",
      item(
        "/etc/subnetra/config.json",
        "the configuration, mode 0600: it holds keys; see subnetra-config(5)",
      ) +
        item("/run/subnetra/subnetra.sock", "the control socket, mode 0600") +
        item(
          "/etc/default/subnetrad",
          "settings of the systemd unit, where the Debian package is installed",
        ) +
        item(
          "subnetrad@NAME.service",
          "one of several meshes: reads /etc/subnetra/NAME.json, device snr\u002dNAME, socket /run/subnetra\u002dNAME/subnetra.sock",
        ),
    ],
    ["EXAMPLES", verbatim(examples)],
    ["EXIT STATUS", item("0", "it was told to end") + item("1", "it could not start, or the device is gone")],
    ["SEE ALSO", ".BR subnetra (1),\n.BR subnetra\\-config (5)\n"],
  ]);
}

function fieldsOf(table, notes) {
  return Object.entries(table)
    .map(([property, { name, absent }]) => {
      const { meaning, fallback, min, max, errors } = notes[property];
      const initial =
        fallback ?? (absent === null || absent === "missing" ? "unset" : JSON.stringify(absent));
      const range = min === undefined ? "" : ` ${min} to ${max}.`;
      const wrong = errors.length === 0 ? "" : ` Errors: ${errors.join(", ")}.`;
      return item(name, `${meaning}.${range} Default: ${initial.replaceAll("`", "")}.${wrong}`);
    })
    .join("");
}

function configPage() {
  const notes = [FIELD_NOTES, PEER_FIELD_NOTES].flatMap((table) => Object.values(table));
  const codes = [...new Set(notes.flatMap(({ errors }) => errors))].sort();
  const errors = codes.map((code) =>
    item(code, `${ERROR_CODES[code].meaning}: ${ERROR_CODES[code].remedy}.`),
  );
  const example = `{
  "role": "spoke",
  "local_id": 2,
  "virtual_subnet": "10.77.0.0/24",
  "local_tun_ip": "10.77.0.2/24",
  "peers": [
    { "id": 1, "name": "hub", "endpoint": "192.0.2.1:18020",
      "allowed_src": "10.77.0.0/24",
      "psk": "64 hexadecimal digits: subnetra keygen" }
  ]
}`;
  return page("subnetra-config", 5, "configuration of a Subnetra node", [
    [
      "DESCRIPTION",
      `${flowing("One JSON object, strict: no comments, no trailing commas. Unknown fields are not used.")}${bold("subnetrad --check")}says whether the daemon would take it.
`,
    ],
    ["FIELDS", fieldsOf(FIELDS, FIELD_NOTES)],
    ["FIELDS OF EACH PEER", fieldsOf(PEER_FIELDS, PEER_FIELD_NOTES)],
    ["EXAMPLE", verbatim(example)],
    ["ERRORS", errors.join("")],
    ["SEE ALSO", ".BR subnetrad (8),\n.BR subnetra (1)\n"],
  ]);
}

/** The pages: name, section, text. */
export function manualPages() {
  return [clientPage(), daemonPage(), configPage()];
}

/** Writes the pages into a folder. */
export function writeManualPages(folder) {
  mkdirSync(folder, { recursive: true });
  for (const { name, section, text } of manualPages())
    writeFileSync(join(folder, `${name}.${section}`), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeManualPages(process.argv[2] ?? join(root, "dist/man"));
