// Words of a request line, control-protocol.md §2.

/** Removes spaces, tabs and carriage returns at both ends. */
export function trimLine(line: string): string {
  let start = 0;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.substring(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}

/** Splits at runs of spaces; any other character, a tab included, is part of a word. */
export function splitWords(text: string): string[] {
  const parts = text.split(" ");
  const words: string[] = [];
  for (let i = 0; i < parts.length; i++) if (parts[i] !== "") words.push(parts[i]!);
  return words;
}
