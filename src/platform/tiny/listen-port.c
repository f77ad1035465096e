/*
 * A listen port: its socket, and the lanes that keep a slow destination from filling that socket's send
 * buffer.
 *
 * The kernel charges a datagram to the socket that sent it until the link below has taken it, so what waits
 * for one slow link would in time use up the send buffer that all peers share. While a listen socket is
 * congested each destination therefore sends through a lane of its own, a socket on the same port with a
 * small buffer: what is too much for a destination's link is refused there and costs nobody else.
 * src/platform/nodejs/linux/listen-port.ts is the same.
 */

#include "listen-port.h"

#include "abi.h"
#include "engine.h"
#include "sys.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_PMTUDISC_OMIT
#define IP_PMTUDISC_OMIT 5
#endif

/* A destination as two words of its struct sockaddr_in: family and port, then the address. */
struct lane {
    int fd;
    /* Belongs to the destination below. */
    int taken;
    /* Owed nothing when it was last looked at. */
    int idle;
    uint32_t port, address;
};

struct listen_port {
    struct lane lanes[ABI_MAX_LANES];
    /* Lanes made, those it may have, and those that belong to a destination. */
    uint32_t count, limit, taken, hand;
    uint32_t port, handed;
    /* Debt in bytes from which the main socket is congested. */
    uint32_t high;
    int congested, busy;
};

static struct listen_port ports[ABI_MAX_LISTEN_PORTS];

static int set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/*
 * IP_PMTUDISC_OMIT sends in sizes of the device's MTU whatever "fragmentation needed" anybody claims to have
 * met, and without the DF bit, so that a router in front of a truly narrower link may cut. Kernels
 * before 3.15 do not know it and keep their default: of their other ways, DONT believes the same claims and
 * INTERFACE refuses what is larger than the device's MTU, which costs a link and not only speed.
 */
int udp_new_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    return fd;
}

int udp_bind(int fd, uint32_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return bind(fd, (const struct sockaddr *)&address, sizeof address);
}

/* Has every datagram to the group of this socket go to its first member. False before Linux 4.5, or without
 * one. */
static int direct_group(int fd)
{
    struct sock_filter filter[] = {{.code = BPF_RET | BPF_K, .k = 0}};
    struct sock_fprog program = {.len = 1, .filter = filter};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0;
}

/* The group is made before the port is taken, so that no later member ever receives; and the port is then
   taken without SO_REUSEPORT, so that nobody else can have it. */
void lane_group(int fd)
{
    if (set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1))
        direct_group(fd);
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, 0);
}

/*
 * Makes one more lane: a member of the group that its program never selects. NULL when the system refuses. It
 * stays open as long as the main socket: for a moment while a member leaves, the kernel looks it up without
 * asking the group, and a datagram is lost.
 */
static struct lane *open_lane(struct listen_port *self)
{
    int head = sys_udp_fd[self - ports];
    /* Without the program half of the datagrams would go astray: see that it is there. */
    if (!set_option(head, SOL_SOCKET, SO_REUSEPORT, 1) || !direct_group(head))
        return NULL;
    int fd = udp_new_socket();
    if (fd < 0)
        return NULL;
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, ABI_LANE_BUFFER);
    set_option(fd, SOL_SOCKET, SO_RCVBUF, 0);
    if (udp_bind(fd, self->port) < 0) {
        close(fd);
        return NULL;
    }
    struct lane *lane = &self->lanes[self->count++];
    *lane = (struct lane){.fd = fd};
    return lane;
}

/* Bytes that a socket has handed to the kernel and that are not sent yet, as the kernel charges them. */
static uint32_t bytes_owed(int fd)
{
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) < 0 || bytes < 0 ? 0 : (uint32_t)bytes;
}

void port_opened(uint32_t index, uint32_t port)
{
    struct listen_port *self = &ports[index];
    int size = 0;
    socklen_t length = sizeof size;
    if (getsockopt(sys_udp_fd[index], SOL_SOCKET, SO_SNDBUF, &size, &length) < 0 || size < 0)
        size = 0;
    self->port = port;
    self->high = (uint32_t)size / ABI_CONGESTION_SHARE;
    if (self->high > ABI_CONGESTION_DEBT)
        self->high = ABI_CONGESTION_DEBT;
    while (port < ABI_FIRST_FREE_PORT && self->count < ABI_PRIVILEGED_LANES)
        if (open_lane(self) == NULL)
            break;
    /* The node's lanes are divided among its ports. */
    for (uint32_t i = 0; i <= index; i++) {
        uint32_t share = ABI_MAX_LANES / (index + 1);
        ports[i].limit = ports[i].count > share ? ports[i].count : share;
    }
}

static struct lane *next_lane(struct listen_port *self)
{
    self->hand = (self->hand + 1) % self->count;
    return &self->lanes[self->hand];
}

/* Takes the next lane from its destination when it was owed nothing twice in a row. */
static void sweep(struct listen_port *self)
{
    struct lane *lane = next_lane(self);
    if (!lane->taken)
        return;
    int empty = bytes_owed(lane->fd) == 0;
    if (empty && lane->idle) {
        lane->taken = 0;
        self->taken--;
    }
    lane->idle = empty;
}

void port_enter(uint32_t index, uint32_t bytes)
{
    struct listen_port *self = &ports[index];
    self->handed += bytes;
    if (!self->busy && self->handed < self->high / ABI_LOOKS_PER_CONGESTION)
        return;
    self->handed = 0;
    self->congested = bytes_owed(sys_udp_fd[index]) > (self->congested ? self->high / 2 : self->high);
    if (self->taken > 0 && !self->congested)
        sweep(self);
    self->busy = self->congested || self->taken > 0;
}

int port_congest(uint32_t index)
{
    struct listen_port *self = &ports[index];
    int news = !self->congested;
    self->congested = 1;
    self->busy = 1;
    return news;
}

int port_busy(uint32_t index)
{
    return ports[index].busy;
}

/* A lane that nobody has, a new one, or one whose destination is owed nothing; NULL when there is none. */
static struct lane *find_lane(struct listen_port *self)
{
    for (uint32_t i = 0; self->taken < self->count; i++)
        if (!self->lanes[i].taken)
            return &self->lanes[i];
    if (self->count < self->limit) {
        struct lane *lane = open_lane(self);
        if (lane != NULL)
            return lane;
        self->limit = self->count;
    }
    for (uint32_t probe = 0; probe < ABI_LANE_PROBES && probe < self->count; probe++) {
        struct lane *lane = next_lane(self);
        if (bytes_owed(lane->fd) == 0)
            return lane;
    }
    return NULL;
}

int port_choose(uint32_t index, const uint8_t *destination)
{
    struct listen_port *self = &ports[index];
    if (!self->busy)
        return sys_udp_fd[index];
    uint32_t words[2];
    memcpy(words, destination, sizeof words);
    for (uint32_t i = 0; i < self->count; i++) {
        const struct lane *lane = &self->lanes[i];
        if (lane->taken && lane->address == words[1] && lane->port == words[0])
            return lane->fd;
    }
    if (!self->congested)
        return sys_udp_fd[index];
    struct lane *lane = find_lane(self);
    if (lane != NULL) {
        if (!lane->taken)
            self->taken++;
        *lane = (struct lane){.fd = lane->fd, .taken = 1, .port = words[0], .address = words[1]};
        return lane->fd;
    }
    if (self->count == 0)
        return sys_udp_fd[index];
    /* More slow destinations than lanes: this one shares with another that is slow. */
    uint32_t mixed = words[0] ^ words[1];
    return self->lanes[((mixed >> 16) ^ (mixed & 0xffff)) % self->count].fd;
}

void port_close_lanes(void)
{
    for (uint32_t i = 0; i < sys_udp_count; i++)
        while (ports[i].count > 0)
            close(ports[i].lanes[--ports[i].count].fd);
}
