// What only the Node build has: one line that says where to get it.

/** Words that the Node build's client understands beyond control-protocol.md §8. */
const TOOLS = [
  "keygen",
  "key-derive",
  "config-gen",
  "config-lint",
  "wire-decode",
  "mtu-probe",
  "udp-blast",
  "exporter",
  "metrics",
  "doctor",
  "demo",
  "bench",
];

/** The line for a tool asked for, or "" when the arguments name none. */
export function onlyOnNode(name: string, args: string[]): string {
  const tool = args[0];
  if (tool === undefined || TOOLS.indexOf(tool) < 0) return "";
  return `${name}: ${tool} is part of the Node.js build: run it from a clone of the project, see README.md\n`;
}
