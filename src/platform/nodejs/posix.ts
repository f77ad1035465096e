// What neutral files need to know of C and poll: the same on Linux and macOS.

/** Bytes in a pointer, size_t and long. */
export const WORD = process.arch === "arm" || process.arch === "ia32" ? 4 : 8;

export const POLLIN = 1;
export const POLLOUT = 4;
