// Archives in the ustar format of POSIX.1, the same bytes for the same content: no owner, no time but the one given.

const BLOCK = 512;
const FILE = "0";
const SYMLINK = "2";
const DIRECTORY = "5";

/** A number as octal digits that fill a field but for its end. */
const octal = (value, length) => `${value.toString(8).padStart(length - 1, "0")}\0`;

function header({ path, type, mode, size, target }) {
  if (path.length > 100 || (target ?? "").length > 100) throw new Error(`path too long for ustar: ${path}`);
  const block = Buffer.alloc(BLOCK);
  const fields = [
    [0, path],
    [100, octal(mode, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(size, 12)],
    [136, octal(0, 12)],
    [148, " ".repeat(8)],
    [156, type],
    [157, target ?? ""],
    [257, "ustar\x0000"],
    [265, "root"],
    [297, "root"],
  ];
  for (const [at, text] of fields) block.write(text, at, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function padding(length) {
  return Buffer.alloc((BLOCK - (length % BLOCK)) % BLOCK);
}

/**
 * An archive of entries in the order given.
 *
 * An entry is { path, content, mode } for a file, { path, target } for a symbolic link, { path, directory: true }
 * for a folder.
 */
export function tar(entries) {
  const parts = [];
  for (const { path, content, mode, target, directory } of entries) {
    if (directory) {
      parts.push(header({ path: `${path}/`, type: DIRECTORY, mode: mode ?? 0o755, size: 0 }));
    } else if (target !== undefined) {
      parts.push(header({ path, type: SYMLINK, mode: 0o777, size: 0, target }));
    } else {
      const bytes = Buffer.from(content);
      parts.push(
        header({ path, type: FILE, mode: mode ?? 0o644, size: bytes.length }),
        bytes,
        padding(bytes.length),
      );
    }
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}
