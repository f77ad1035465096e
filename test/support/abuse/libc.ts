// What the attackers need of the C library, bound by koffi: batches of datagrams, and unix sockets.

import koffi from "koffi";

const library = koffi.load(null);

type NativeFunction = (...args: (number | Uint8Array | null)[]) => number;

function bind(prototype: string): NativeFunction {
  return library.func(prototype) as unknown as NativeFunction;
}

export const socket = bind("int socket(int, int, int)");
export const bindSocket = bind("int bind(int, const void *, uint)");
export const connectSocket = bind("int connect(int, const void *, uint)");
export const sendto = bind("long sendto(int, const void *, size_t, int, const void *, uint)");
export const recv = bind("long recv(int, void *, size_t, int)");
export const sendmmsg = bind("int sendmmsg(int, uintptr_t, uint, int)");
export const close = bind("int close(int)");

export const AF_UNIX = 1;
export const AF_INET = 2;
export const SOCK_DGRAM = 2;
export const MSG_DONTWAIT = 0x40;
export const EAGAIN = 11;

/** errno of the last failed call. */
export function errno(): number {
  return koffi.errno();
}

/** Memory that never moves, and its address. */
export function pinned(bytes: number): { memory: Uint8Array; address: number } {
  const pages = Math.ceil(bytes / 65536);
  const memory = new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer);
  return { memory, address: Number(koffi.address(memory)) };
}

/** struct sockaddr_in. */
export function inetAddress(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  bytes.set(address.split(".").map(Number), 4);
  return bytes;
}

/** struct sockaddr_un of a path, or of an abstract name that starts with "@". */
export function unixAddress(name: string): Uint8Array {
  const text = Buffer.from(name, "latin1");
  const abstract = name.startsWith("@");
  const bytes = new Uint8Array(2 + text.length + (abstract ? 0 : 1));
  bytes[0] = AF_UNIX;
  bytes.set(text, 2);
  if (abstract) bytes[2] = 0;
  return bytes;
}
