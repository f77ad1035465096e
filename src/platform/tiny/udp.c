/* The listen sockets, and receiving from them in batches, with UDP_GRO where the kernel has it. */

#include "abi.h"
#include "engine.h"
#include "listen-port.h"
#include "sys.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of linux/udp.h, which clashes with the header above. */
#define UDP_SEGMENT 103
#define UDP_GRO 104

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
/* SK_MEMINFO_DROPS of linux/sock_diag.h. */
#define MEMINFO_DROPS 8

int sys_udp_fd[ABI_MAX_LISTEN_PORTS];
uint32_t sys_udp_count;

static int segments;

struct control_space {
    _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(int))];
};

static struct mmsghdr headers[ABI_LIMIT_RX_BUFFERS];
static struct control_space controls[ABI_LIMIT_RX_BUFFERS];
static struct iovec vectors[ABI_LIMIT_RX_BUFFERS];

static int set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

void sys_raise_buffer(int fd, int force, int plain, int32_t bytes)
{
    int size = 0;
    socklen_t length = sizeof size;
    if (getsockopt(fd, SOL_SOCKET, plain, &size, &length) == 0 && size / 2 >= bytes)
        return;
    if (!set_option(fd, SOL_SOCKET, force, bytes))
        set_option(fd, SOL_SOCKET, plain, bytes);
}

int32_t sys_udp_open(uint32_t port)
{
    if (sys_udp_count == ABI_MAX_LISTEN_PORTS) {
        errno = EINVAL;
        return sys_error_at(ABI_UDP_SOCKET);
    }
    int fd = udp_new_socket();
    if (fd < 0)
        return sys_error_at(ABI_UDP_SOCKET);
    lane_group(fd);
    if (udp_bind(fd, port) < 0) {
        int32_t error = sys_error_at(ABI_UDP_BIND);
        close(fd);
        return error;
    }
    sys_raise_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, ABI_UDP_BUFFER);
    sys_raise_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, ABI_UDP_BUFFER);
    if (sys_offload())
        set_option(fd, IPPROTO_UDP, UDP_GRO, 1);
    /* Zero leaves the socket as it is: no segmentation unless a message asks for it. */
    segments = sys_offload() && set_option(fd, IPPROTO_UDP, UDP_SEGMENT, 0);
    sys_udp_fd[sys_udp_count] = fd;
    port_opened(sys_udp_count, port);
    return (int32_t)sys_udp_count++;
}

int32_t sys_udp_buffer(void)
{
    int smallest = INT32_MAX;
    for (uint32_t i = 0; i < sys_udp_count; i++) {
        int size = 0;
        socklen_t length = sizeof size;
        if (getsockopt(sys_udp_fd[i], SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 && size < smallest)
            smallest = size;
    }
    return smallest;
}

/*
 * Datagrams that the kernel has dropped before the sockets. SO_MEMINFO (Linux 4.12) has the counter that
 * SO_RXQ_OVFL sends along with datagrams, but costs nothing until it is asked for. It wraps; the sum does
 * not.
 */
double sys_udp_drops(void)
{
    static uint64_t dropped[ABI_MAX_LISTEN_PORTS] = {0};
    double sum = 0;
    for (uint32_t i = 0; i < sys_udp_count; i++) {
        uint32_t figures[MEMINFO_DROPS + 1];
        socklen_t length = sizeof figures;
        if (getsockopt(sys_udp_fd[i], SOL_SOCKET, SO_MEMINFO, figures, &length) < 0 ||
            length < sizeof figures)
            return -1;
        dropped[i] += figures[MEMINFO_DROPS] - (uint32_t)dropped[i];
        sum += (double)dropped[i];
    }
    return sum;
}

int32_t sys_udp_segments(void)
{
    return segments;
}

/* Size of the datagrams that the kernel has coalesced into one, or their sum when it was only one. */
static uint32_t segment_size(struct msghdr *header, uint32_t length)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(header);
    if (control == NULL || control->cmsg_level != IPPROTO_UDP || control->cmsg_type != UDP_GRO)
        return length;
    int size;
    memcpy(&size, CMSG_DATA(control), sizeof size);
    return size > 0 && (uint32_t)size < length ? (uint32_t)size : length;
}

int32_t sys_udp_receive(uint32_t index)
{
    const uint32_t buffers = engine_rx_buffers();
    if (index >= sys_udp_count)
        return -EINVAL;
    uint8_t *data = engine_region(ABI_REGION_RX, buffers * ABI_RX_STRIDE);
    uint8_t *descriptors = engine_region(ABI_REGION_RXD, buffers * ABI_RXD_STRIDE);
    for (uint32_t i = 0; i < buffers; i++) {
        vectors[i].iov_base = data + i * ABI_RX_STRIDE;
        vectors[i].iov_len = ABI_RX_LENGTH;
        struct msghdr *header = &headers[i].msg_hdr;
        header->msg_name = descriptors + i * ABI_RXD_STRIDE + ABI_RXD_SOURCE;
        header->msg_namelen = ABI_SOCKADDR_LENGTH;
        header->msg_iov = &vectors[i];
        header->msg_iovlen = 1;
        header->msg_control = &controls[i];
        header->msg_controllen = sizeof controls[i];
        header->msg_flags = 0;
    }
    long count;
    do
        count = syscall(SYS_recvmmsg, sys_udp_fd[index], headers, buffers, MSG_DONTWAIT, NULL);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return errno == EAGAIN ? 0 : sys_error();
    for (uint32_t i = 0; i < (uint32_t)count; i++) {
        uint8_t *descriptor = descriptors + i * ABI_RXD_STRIDE;
        record_set(descriptor, ABI_RXD_LENGTH, headers[i].msg_len);
        record_set(descriptor, ABI_RXD_SEGMENT, segment_size(&headers[i].msg_hdr, headers[i].msg_len));
    }
    return (int32_t)count;
}
