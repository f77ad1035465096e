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
/* -(stage * 4096 + errno) of the current errno. */
int32_t sys_error_at(int32_t stage);

/* process.c */

void sys_print(int32_t stream, const char *bytes, size_t length);
int32_t sys_drop_privileges(void);
/* From now on SIGTERM and SIGINT are read from the descriptor in `sys_signal_fd` and end nothing by
 * themselves. */
void sys_watch_signals(void);
/* Readable when a stop was asked for; -1 before sys_watch_signals. */
extern int sys_signal_fd;

/* clock.c */

void sys_clock(uint32_t offset);
int32_t sys_random(uint32_t offset, uint32_t length);
/* Monotonic milliseconds since some start. */
int64_t sys_milliseconds(void);

/* file.c */

int32_t sys_open(const char *path, int32_t mode);
int32_t sys_read(int32_t fd, uint32_t offset, uint32_t length);
int32_t sys_write(int32_t fd, uint32_t offset, uint32_t length);
int32_t sys_fsync(int32_t fd);
int32_t sys_close(int32_t fd);
int32_t sys_rename(const char *from, const char *to);
int32_t sys_unlink(const char *path);
int32_t sys_mkdir(const char *path, int32_t mode);

/* tun.c */

int32_t sys_tun_open(const char *name);
const char *sys_tun_name(void);
int32_t sys_tun_vnet(void);
int32_t sys_tun_receive(void);
void sys_tun_send(uint32_t count);
/* Descriptor of the device, or -1. */
extern int sys_tun_fd;

/* udp.c, udp-send.c */

int32_t sys_udp_open(uint32_t port);
int32_t sys_udp_segments(void);
int32_t sys_udp_receive(uint32_t index);
void sys_udp_send(uint32_t count);
/* Descriptors of the listen sockets in the order they were opened, and how many there are. */
extern int sys_udp_fd[];
extern uint32_t sys_udp_count;

/* control.c */

enum control_result { CONTROL_NONE = -2, CONTROL_IGNORED = -1 };

int32_t sys_control_probe(const char *path);
int32_t sys_control_bind(const char *path);
/* Reads a request into `buffer`: its length, or a control_result. */
int32_t sys_control_receive(char *buffer, size_t capacity);
int32_t sys_control_reply(const char *bytes, size_t length);
/* Descriptor of the control socket, or -1. */
extern int sys_control_fd;

/* client.c */

int32_t sys_client_open(int with_reply);
int32_t sys_client_send(const char *path, const char *bytes, size_t length);
/* Waits for one reply: its length, or -1 after `timeout_ms`. */
int32_t sys_client_receive(char *buffer, size_t capacity, int32_t timeout_ms);
void sys_client_close(void);

/* wait.c */

int32_t sys_wait(int32_t timeout_ms);
void sys_close_all(void);

#endif
