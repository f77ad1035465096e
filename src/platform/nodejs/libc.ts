// The C library's functions, bound by koffi: those that every system has. linux/libc.ts adds its own.
//
// Addresses are plain numbers (user space ends far below 2^53), so a call allocates nothing and costs about 0.1 µs
// plus the system call. ioctl, fcntl, prctl and syscall are variadic in C; every Linux ABI passes their integer arguments as if
// they were not, so they are declared with the arguments used here. (arm64 macOS does not: there they need its own way.)

import koffi from "koffi";

type NativeFunction = (...args: number[]) => number;

const library = koffi.load(null);

/** Binds a function that is there on every system, or on the one whose folder asks for it. */
export function bind(prototype: string): NativeFunction {
  return library.func(prototype) as unknown as NativeFunction;
}

/** Binds a function that may be missing from this process (libuv inside another host). */
export function bindOptional(prototype: string): NativeFunction | null {
  try {
    return bind(prototype);
  } catch {
    return null;
  }
}

export const socket = bind("int socket(int, int, int)");
export const bindSocket = bind("int bind(int, uintptr_t, uint)");
export const connect = bind("int connect(int, uintptr_t, uint)");
export const getsockname = bind("int getsockname(int, uintptr_t, uintptr_t)");
export const getsockopt = bind("int getsockopt(int, int, int, uintptr_t, uintptr_t)");
export const setsockopt = bind("int setsockopt(int, int, int, uintptr_t, uint)");
export const send = bind("long send(int, uintptr_t, size_t, int)");
export const sendto = bind("long sendto(int, uintptr_t, size_t, int, uintptr_t, uint)");
export const recvfrom = bind("long recvfrom(int, uintptr_t, size_t, int, uintptr_t, uintptr_t)");
export const umask = bind("uint umask(uint)");
export const poll = bind("int poll(uintptr_t, ulong, int)");
export const read = bind("long read(int, uintptr_t, size_t)");
export const write = bind("long write(int, uintptr_t, size_t)");
export const writev = bind("long writev(int, uintptr_t, int)");
export const ioctl = bind("int ioctl(int, ulong, uintptr_t)");
export const flock = bind("int flock(int, int)");
export const fcntl = bind("int fcntl(int, int, int)");
export const lseek = bind("long lseek(int, long, int)");
export const clockGettime = bind("int clock_gettime(int, uintptr_t)");
export const execv = bind("int execv(uintptr_t, uintptr_t)");

/** errno of the last failed call, as a positive number. */
export function errno(): number {
  return koffi.errno();
}

/** Address of memory that never moves: WebAssembly memory of fixed size. An ordinary Buffer may move: never that. */
export function addressOf(memory: Uint8Array): number {
  return Number(koffi.address(memory));
}
