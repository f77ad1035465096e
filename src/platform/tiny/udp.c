/*
 * The listen sockets: batches by recvmmsg and sendmmsg, with UDP_GRO and UDP_SEGMENT where the kernel has them.
 *
 * The system calls are made directly, not through musl: its sendmmsg sends one message per call on 64-bit systems,
 * because it may not clear the kernel's padding in a caller's structures. Ours are static and zero from the start.
 */

#include "abi.h"
#include "engine.h"
#include "sys.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From linux/udp.h, which clashes with the header above. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

int sys_udp_fd[ABI_MAX_LISTEN_PORTS];
uint32_t sys_udp_count;

static int segments;

struct control_space {
    _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(int))];
};

static struct mmsghdr headers[ABI_MAX_MESSAGES];
static struct control_space controls[ABI_MAX_MESSAGES];
static struct iovec vectors[ABI_MAX_PIECES];

static int enable(int fd, int option, int value)
{
    return setsockopt(fd, IPPROTO_UDP, option, &value, sizeof value) == 0;
}

int32_t sys_udp_open(uint32_t port)
{
    if (sys_udp_count == ABI_MAX_LISTEN_PORTS) {
        errno = EINVAL;
        return sys_error_at(ABI_UDP_SOCKET);
    }
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sys_error_at(ABI_UDP_SOCKET);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        int32_t error = sys_error_at(ABI_UDP_BIND);
        close(fd);
        return error;
    }
    enable(fd, UDP_GRO, 1);
    segments = enable(fd, UDP_SEGMENT, 0);
    sys_udp_fd[sys_udp_count] = fd;
    return (int32_t)sys_udp_count++;
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
    const uint32_t buffers = engine_rx_buffers;
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

/* The outgoing tables of the engine. */
struct outgoing {
    uint8_t *messages;
    uint8_t *pieces;
};

static uint8_t *piece_of(const struct outgoing *out, const uint8_t *message, uint32_t number)
{
    uint32_t index = record_get(message, ABI_MSG_FIRST) + number;
    if (index >= ABI_MAX_PIECES)
        engine_fault("outgoing piece");
    return out->pieces + index * ABI_PIECE_STRIDE;
}

/* Fills one header: `parts` pieces of a message from number `from` on, gathered at `vector`. */
static void prepare(const struct outgoing *out, uint8_t *message, uint32_t from, uint32_t parts, uint32_t slot,
                    struct iovec *vector)
{
    for (uint32_t p = 0; p < parts; p++) {
        const uint8_t *piece = piece_of(out, message, from + p);
        uint32_t length = record_get(piece, ABI_PIECE_LENGTH);
        vector[p].iov_base = engine_bytes(record_get(piece, ABI_PIECE_OFFSET), length);
        vector[p].iov_len = length;
    }
    struct msghdr *header = &headers[slot].msg_hdr;
    header->msg_name = message + ABI_MSG_DESTINATION;
    header->msg_namelen = ABI_SOCKADDR_LENGTH;
    header->msg_iov = vector;
    header->msg_iovlen = (int)parts;
    header->msg_control = NULL;
    header->msg_controllen = 0;
    header->msg_flags = 0;
    if (parts < 2)
        return;
    header->msg_control = &controls[slot];
    header->msg_controllen = CMSG_SPACE(sizeof(uint16_t));
    struct cmsghdr *control = CMSG_FIRSTHDR(header);
    control->cmsg_level = IPPROTO_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    uint16_t size = (uint16_t)record_get(message, ABI_MSG_SEGMENT);
    memcpy(CMSG_DATA(control), &size, sizeof size);
}

/* Sends headers [from, to) on one socket: how many the kernel took. 0 with errno set when it refused the first. */
static uint32_t send_headers(int fd, uint32_t from, uint32_t to)
{
    for (int attempt = 0;; attempt++) {
        long sent = syscall(SYS_sendmmsg, fd, headers + from, to - from, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0)
            return (uint32_t)sent;
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN && attempt == 0 && sys_wait_writable(fd))
            continue;
        return 0;
    }
}

/* Sends the pieces of a refused message one by one, each on its own merits, and notes those refused again. */
static void send_pieces(const struct outgoing *out, uint8_t *message, int fd, uint32_t slot)
{
    uint32_t parts = record_get(message, ABI_MSG_COUNT);
    struct iovec single;
    for (uint32_t p = 0; p < parts; p++) {
        prepare(out, message, p, 1, slot, &single);
        if (send_headers(fd, slot, slot + 1) == 0)
            record_set(piece_of(out, message, p), ABI_PIECE_STATUS, (uint32_t)-sys_error());
    }
}

/* Sends messages [from, to), which share a socket. A message that the kernel refuses costs only itself. */
static void send_run(const struct outgoing *out, uint32_t from, uint32_t to)
{
    uint32_t index = record_get(out->messages + from * ABI_MSG_STRIDE, ABI_MSG_SOCKET);
    int fd = index < sys_udp_count ? sys_udp_fd[index] : -1;
    while (from < to) {
        from += send_headers(fd, from, to);
        if (from == to)
            return;
        uint8_t *message = out->messages + from * ABI_MSG_STRIDE;
        if (record_get(message, ABI_MSG_COUNT) > 1)
            send_pieces(out, message, fd, from);
        else
            record_set(piece_of(out, message, 0), ABI_PIECE_STATUS, (uint32_t)-sys_error());
        from++;
    }
}

void sys_udp_send(uint32_t count)
{
    const struct outgoing out = {
        .messages = engine_region(ABI_REGION_UDP_MSG, ABI_MAX_MESSAGES * ABI_MSG_STRIDE),
        .pieces = engine_region(ABI_REGION_UDP_PIECE, ABI_MAX_PIECES * ABI_PIECE_STRIDE),
    };
    if (count > ABI_MAX_MESSAGES)
        engine_fault("outgoing messages");
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *message = out.messages + i * ABI_MSG_STRIDE;
        uint32_t parts = record_get(message, ABI_MSG_COUNT);
        if (parts > ABI_MAX_PIECES - used)
            engine_fault("outgoing pieces");
        prepare(&out, message, 0, parts, i, vectors + used);
        used += parts;
    }
    for (uint32_t from = 0, to; from < count; from = to) {
        uint32_t index = record_get(out.messages + from * ABI_MSG_STRIDE, ABI_MSG_SOCKET);
        for (to = from + 1; to < count; to++)
            if (record_get(out.messages + to * ABI_MSG_STRIDE, ABI_MSG_SOCKET) != index)
                break;
        send_run(&out, from, to);
    }
}
