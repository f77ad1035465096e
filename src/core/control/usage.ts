// Usage texts of the subnetra client, control-protocol.md §8, made from the table of commands.

import { COMMANDS } from "./commands.ts";

/** Column in which the help's explanations begin. */
const HELP_COLUMN = 14;

/** The two lines that follow an error: the queries, then what has no reply. */
export function clientUsage(): string {
  const queries: string[] = [];
  let others = "";
  for (let i = 0; i < COMMANDS.length; i++) {
    const { words, usage, reply } = COMMANDS[i]!;
    const text = usage === "" ? words.join(" ") : `${words.join(" ")} ${usage}`;
    if (reply === "none") others += `       subnetra ${text}\n`;
    else queries.push(text);
  }
  return `usage: subnetra ${queries.join(" | ")}\n${others}`;
}

/** The whole help. */
export function clientHelp(): string {
  let commands = "";
  for (let i = 0; i < COMMANDS.length; i++)
    commands += helpLine(COMMANDS[i]!.words.join(" "), COMMANDS[i]!.help);
  return `${clientUsage()}
${commands}${helpLine("-h, --help", "print this text")}${helpLine("-V, --version", "print the version")}
Environment: SUBNETRA_SOCK (control socket of the daemon)

Examples:
  subnetra status --json
  subnetra policy add --src 0.0.0.0/0 --dst 192.168.2.0/24 --action forward --target 2
  subnetra policy add --src 0.0.0.0/0 --dst 192.168.2.9/32 --action drop
`;
}

function helpLine(name: string, text: string): string {
  let padded = name;
  while (padded.length < HELP_COLUMN) padded += " ";
  return `  ${padded}${text}\n`;
}
