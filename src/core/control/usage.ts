// Usage texts of the subnetra client, control-protocol.md §8, made from the table of commands.

import { TOOL_NAMES } from "../tools/names.ts";
import { COMMANDS, type Command, type CommandRow } from "./commands.ts";
import { VIEWS } from "./views.ts";

/** Column in which the help's explanations begin. */
const HELP_COLUMN = 6;
/** Width of the tools' names. */
const NAME_WIDTH = 15;

const MORE = "       subnetra --help tells what each takes, with examples\n";

/** The two lines that follow an error: what the command takes, or when it is none of them all, and where more is told. */
export function clientUsage(named: CommandRow<Command> | null = null): string {
  if (named !== null) return `usage: subnetra ${named.words.join(" ")} ${named.usage}\n${MORE}`;
  const groups: string[] = [];
  for (let i = 0; i < COMMANDS.length; i++) {
    const { words, internal } = COMMANDS[i]!;
    if (internal) continue;
    const last = groups.length - 1;
    // Commands with the same first word stand behind one another.
    if (words.length > 1 && last >= 0 && groups[last]!.indexOf(`${words[0]!} `) === 0)
      groups[last] += `|${words[1]}`;
    else groups.push(words.join(" "));
  }
  return `usage: subnetra ${groups.join(" | ")}\n${MORE}`;
}

/** The whole help. */
export function clientHelp(): string {
  let commands = "";
  for (let i = 0; i < COMMANDS.length; i++) {
    const { words, usage, help, internal } = COMMANDS[i]!;
    if (!internal) commands += `  ${words.concat(usage === "" ? [] : [usage]).join(" ")}\n${indented(help)}`;
  }
  for (let i = 0; i < VIEWS.length; i++)
    commands += `  ${VIEWS[i]!.words.join(" ")}\n${indented(VIEWS[i]!.help)}`;
  return `${clientUsage()}
Commands, asked of the running daemon:
${commands}
Tools ("subnetra TOOL --help" tells more):
${tools()}
Options:
  -h, --help     print this text
  -V, --version  print the version

Environment: SUBNETRA_SOCK (control socket of the daemon)

Examples:
  subnetra status --json
  subnetra peers
  subnetra policy add --src 0.0.0.0/0 --dst 192.168.2.0/24 \\
           --action forward --target 2
  subnetra policy add --src 0.0.0.0/0 --dst 192.168.2.9/32 --action drop
  subnetra policy show > rules.txt; vi rules.txt
  subnetra policy replace rules.txt
  subnetra policy test 10.77.0.2 192.168.2.9
`;
}

function tools(): string {
  let lines = "";
  for (let i = 0; i < TOOL_NAMES.length; i++) {
    const { name, summary } = TOOL_NAMES[i]!;
    let padded = name;
    while (padded.length < NAME_WIDTH) padded += " ";
    lines += `  ${padded}${summary}\n`;
  }
  return lines;
}

/** A text of several lines, each moved to the right. */
function indented(text: string): string {
  let margin = "";
  while (margin.length < HELP_COLUMN) margin += " ";
  return `${margin}${text.split("\n").join(`\n${margin}`)}\n`;
}
