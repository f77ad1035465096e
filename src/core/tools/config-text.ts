// Configuration files as config-gen writes them: text, in the order in which people read it.

export interface GeneratedFile {
  readonly name: string;
  readonly text: string;
}

/** A peer's entry. @param allowed what allowed_src is, as JSON */
export function peerText(id: number, name: string, endpoint: string, allowed: string, psk: string): string {
  const named = name === "" ? "" : ` "name": "${name}",`;
  return (
    `    { "id": ${id},${named} "endpoint": "${endpoint}", "allowed_src": ${allowed},\n` +
    `      "psk": "${psk}" }`
  );
}

/** A document of lines such as `"local_id": 1`, and its peers. */
export function documentText(lines: readonly string[], peers: readonly string[]): string {
  let text = "{\n";
  for (let i = 0; i < lines.length; i++) text += `  ${lines[i]},\n`;
  return `${text}  "peers": [\n${peers.join(",\n")}\n  ]\n}\n`;
}
