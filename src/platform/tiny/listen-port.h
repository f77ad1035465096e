/* Choosing the socket that a datagram leaves from, so that no destination uses up what all of them share. */
#ifndef SUBNETRA_LISTEN_PORT_H
#define SUBNETRA_LISTEN_PORT_H

#include <stdint.h>

/* A UDP socket that believes no ICMP about the path, or -1. */
int udp_new_socket(void);
/* Binds a socket to 0.0.0.0:port. 0, or -1 with errno set. */
int udp_bind(int fd, uint32_t port);
/* Makes an unbound socket the one member of a group that sends every datagram to it. */
void lane_group(int fd);

/* Listen socket `index` is open on `port`. Makes its lanes where a process without privileges could not. */
void port_opened(uint32_t index, uint32_t port);
/* Before `bytes` are handed to a port: looks at what the kernel owes, if it is time to. */
void port_enter(uint32_t index, uint32_t bytes);
/* The main socket's buffer is full. 1 when that was not known yet: port_choose may say otherwise now. */
int port_congest(uint32_t index);
/* Some destination may have to use a lane: port_choose for every message. */
int port_busy(uint32_t index);
/* The descriptor for a message to this struct sockaddr_in. */
int port_choose(uint32_t index, const uint8_t *destination);
/* Closes all lanes. */
void port_close_lanes(void);

#endif
