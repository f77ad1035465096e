// completion: prints the completion script of a shell (tools.md).

import { ToolFailure } from "../../core/tools/arguments.ts";
import { commandLines } from "./command-lines.ts";
import { completionScript, SHELLS } from "./completion-scripts.ts";
import type { NodejsTool } from "./table.ts";

export const COMPLETION: NodejsTool = {
  name: "completion",
  help: `usage: subnetra completion bash|zsh|fish

Prints a script that completes subnetra and subnetrad.

Examples:
  subnetra completion bash > /etc/bash_completion.d/subnetra
  subnetra completion zsh > /usr/local/share/zsh/site-functions/_subnetra
  subnetra completion fish > /etc/fish/completions/subnetra.fish
`,
  start: async (args) => {
    const shell = SHELLS.find((name) => name === args[0]);
    if (shell === undefined || args.length !== 1) throw new ToolFailure("name a shell: bash, zsh or fish");
    process.stdout.write(completionScript(shell, commandLines()));
    return 0;
  },
};
