// The tools of `subnetra <tool>`: the one list of their names and summaries, which help, completion, manual pages and
// dispatch read without loading a tool.

export interface ToolName {
  readonly name: string;
  /** One line for the list of tools, at most 60 characters. */
  readonly summary: string;
  /** Whether the static file has it as well; the others need Node.js. */
  readonly everywhere: boolean;
}

export const TOOL_NAMES: readonly ToolName[] = [
  everywhere("keygen", "random keys, one per link"),
  everywhere("key-derive", "the keys of a link, from its pre-shared key"),
  everywhere("config-gen", "configuration files of a hub and its spokes, with fresh keys"),
  everywhere("config-lint", "checks a configuration file"),
  onNodejs("wire-decode", "opens captured datagrams"),
  everywhere("metrics", "the node's metrics as Prometheus text, once"),
  onNodejs("exporter", "serves the node's metrics to Prometheus"),
  everywhere("mtu-probe", "measures the path MTU between two hosts"),
  onNodejs("udp-blast", "sends UDP datagrams as fast as the kernel takes them"),
  onNodejs("crypto-bench", "measures the cryptography on this machine"),
  onNodejs("forward-bench", "measures what forwarding costs beyond it"),
  onNodejs("bench-overlay", "measures the tunnel between two live nodes"),
  onNodejs("doctor", "finds what is wrong with this node, and the remedy"),
  onNodejs("completion", "completion of this command for bash, zsh and fish"),
];

function everywhere(name: string, summary: string): ToolName {
  return { name, summary, everywhere: true };
}

function onNodejs(name: string, summary: string): ToolName {
  return { name, summary, everywhere: false };
}

/** The tool of this name, or null. */
export function toolNamed(word: string | undefined): ToolName | null {
  for (let i = 0; i < TOOL_NAMES.length; i++) if (TOOL_NAMES[i]!.name === word) return TOOL_NAMES[i]!;
  return null;
}
