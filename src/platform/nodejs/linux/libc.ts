// The C library's functions that only Linux has, called as ../libc.ts says.

import { bind } from "../libc.ts";

export const sendmmsg = bind("int sendmmsg(int, uintptr_t, uint, int)");
export const recvmmsg = bind("int recvmmsg(int, uintptr_t, uint, int, uintptr_t)");
export const getrandom = bind("long getrandom(uintptr_t, size_t, uint)");
export const memfdCreate = bind("int memfd_create(uintptr_t, uint)");
export const prctl = bind("int prctl(int, ulong, ulong, ulong, ulong)");
export const capget = bind("int capget(uintptr_t, uintptr_t)");
export const capset = bind("int capset(uintptr_t, uintptr_t)");
export const syscall = bind("long syscall(long, long, uintptr_t, long, long)");
