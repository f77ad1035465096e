/*
 * The operating-system boundary of src/core/sys.ts in C. What each function does, and its result, is said
 * there. Buffers are named by their offset in engine memory, or are the byte strings that bindings.c makes of
 * JavaScript strings. Results are canonical: 0 or more, or a negative errno in Linux x86 numbers (errors.c).
 */
#ifndef SUBNETRA_SYS_H
#define SUBNETRA_SYS_H

#include <stddef.h>
#include <stdint.h>

/* errors.c */

/* The current errno as a negative canonical number. */
int32_t sys_error(void);
/* failure(stage, errno) of the current errno. */
int32_t sys_error_at(int32_t stage);

/* process.c */

void sys_print(int32_t stream, const char *bytes, size_t length);
int32_t sys_drop_privileges(void);
int32_t sys_user_id(void);
/* Whether to use what the kernel has of TUN offload, UDP_GRO and UDP_SEGMENT: SUBNETRA_OFFLOAD=0 says no. */
int sys_offload(void);
/* From now on SIGTERM and SIGINT are read from the descriptor in `sys_signal_fd` and end nothing by
 * themselves. */
void sys_watch_signals(void);
/* Readable when a stop was asked for; -1 before sys_watch_signals. */
extern int sys_signal_fd;

/* secrets.c */

/* No core file of this process is written, and what it may hold is left out of one in any case. */
void sys_forbid_dumps(void);
/* Asks the system not to swap out what holds keys, once the engine is laid out. */
void sys_keep_keys_out_of_swap(void);

/* restore.c */

/* From now on the descriptor is readable when the system has events, if it gives any; else it stays -1. */
void sys_watch_restores(void);
extern int sys_restore_fd;
/* Reads the events. 1 when the machine was restored from a snapshot. */
int sys_restored(void);

/* clock.c */

void sys_clock(uint32_t offset);
int32_t sys_random(uint32_t offset, uint32_t length);
/* Monotonic milliseconds since some start. */
int64_t sys_milliseconds(void);

/* file.c */

int32_t sys_open(const char *path, int32_t mode);
int32_t sys_read(int32_t fd, uint32_t offset, uint32_t length);
int32_t sys_read_text(int32_t fd, char *buffer, size_t limit);
int32_t sys_write(int32_t fd, uint32_t offset, uint32_t length);
int32_t sys_fsync(int32_t fd);
int32_t sys_close(int32_t fd);
int32_t sys_rename(const char *from, const char *to);
int32_t sys_unlink(const char *path);
int32_t sys_mkdir(const char *path, int32_t mode);
int32_t sys_stat(const char *path, uint32_t offset);
int32_t sys_fstat(int32_t fd, uint32_t offset);
int32_t sys_lock(int32_t fd);

/* tun.c */

int32_t sys_tun_open(const char *name);
const char *sys_tun_name(void);
int32_t sys_tun_vnet(void);
int32_t sys_tun_receive(void);
void sys_tun_send(uint32_t count);
/* Descriptor of the device, or -1. */
extern int sys_tun_fd;

/* netlink.c */

int32_t sys_netlink_open(void);

/* udp.c, udp-send.c */

int32_t sys_udp_open(uint32_t port);
int32_t sys_udp_segments(void);
int32_t sys_udp_buffer(void);
double sys_udp_drops(void);
int32_t sys_udp_receive(uint32_t index);
void sys_udp_send(uint32_t count);
/* Raises a buffer beyond the system's limit while still privileged, else up to the limit. An operator's
   larger default stays. The kernel reports twice what was asked for. */
void sys_raise_buffer(int fd, int force, int plain, int32_t bytes);
/* Descriptors of the listen sockets in the order they were opened, and how many there are. */
extern int sys_udp_fd[];
extern uint32_t sys_udp_count;

/* datagram.c */

int32_t sys_datagram_open(uint32_t port, int32_t dont_fragment);
int32_t sys_datagram_send(int32_t fd, uint32_t address, uint32_t port, uint32_t offset, uint32_t length);
int32_t sys_datagram_receive(int32_t fd, uint32_t offset, uint32_t limit, uint32_t from);

/* unix.c; an address is a path or a NUL and an abstract name, with its length */

int32_t sys_unix_open(int32_t buffer);
int32_t sys_unix_bind(int32_t fd, const char *path, size_t length, int32_t mode);
int32_t sys_unix_connect(int32_t fd, const char *address, size_t length);
int32_t sys_unix_send(int32_t fd, const char *bytes, size_t length, const char *address,
                      size_t address_length);
/* The datagram's length, or negative. */
int32_t sys_unix_receive(int32_t fd, char *buffer, size_t limit);
/* The last sender's address, and its length, 0 when it has none. */
const char *sys_unix_sender(size_t *length);
int32_t sys_poll(int32_t fd, int32_t events, int32_t timeout_ms);

/* wait.c */

int32_t sys_wait(int32_t timeout_ms);
/* Reports this control socket as readable from now on, and signals to stop as such. */
void sys_watch_control(int32_t fd);
void sys_close_all(void);

#endif
