/*
 * Sending in batches, messages of several datagrams with UDP_SEGMENT. A refused datagram costs only itself,
 * and nothing here waits: what a full buffer refuses is dropped.
 *
 * The system call is made directly, not through musl: its sendmmsg sends one message per call on 64-bit
 * systems, because it may not clear the kernel's padding in a caller's structures. Ours are static and zero
 * from the start.
 */

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

struct control_space {
    _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(uint16_t))];
};

/* Header i is message i of the engine's table. */
static struct mmsghdr headers[ABI_MAX_MESSAGES];
static struct control_space controls[ABI_MAX_MESSAGES];
static struct iovec vectors[ABI_MAX_PIECES];
/* Header i is datagram i of one refused message. */
static struct mmsghdr singles[ABI_MAX_RUN];
static struct iovec single_vectors[ABI_MAX_RUN];

static uint8_t *messages, *pieces;

static uint8_t *message_at(uint32_t index)
{
    return messages + index * ABI_MSG_STRIDE;
}

/* Piece `number` of a message. */
static uint8_t *piece_of(const uint8_t *message, uint32_t number)
{
    uint32_t index = record_get(message, ABI_MSG_FIRST) + number;
    if (index >= ABI_MAX_PIECES)
        engine_fault("outgoing piece");
    return pieces + index * ABI_PIECE_STRIDE;
}

static struct iovec vector_of(const uint8_t *piece)
{
    uint32_t length = record_get(piece, ABI_PIECE_LENGTH);
    return (struct iovec){.iov_base = engine_bytes(record_get(piece, ABI_PIECE_OFFSET), length),
                          .iov_len = length};
}

static void set_header(struct msghdr *header, uint8_t *message, struct iovec *vector, uint32_t count)
{
    header->msg_name = message + ABI_MSG_DESTINATION;
    header->msg_namelen = ABI_SOCKADDR_LENGTH;
    header->msg_iov = vector;
    header->msg_iovlen = count;
    header->msg_control = NULL;
    header->msg_controllen = 0;
}

static void set_segment(struct msghdr *header, struct control_space *space, uint16_t size)
{
    header->msg_control = space;
    header->msg_controllen = sizeof *space;
    struct cmsghdr *control = CMSG_FIRSTHDR(header);
    control->cmsg_level = IPPROTO_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(control), &size, sizeof size);
}

/* Fills in the header of a message. Pieces that touch in memory become one vector. Returns the vectors used,
   and adds the bytes. */
static uint32_t prepare(uint32_t index, struct iovec *vector, uint32_t room, uint32_t *bytes)
{
    uint8_t *message = message_at(index);
    uint32_t count = record_get(message, ABI_MSG_COUNT);
    if (count == 0 || count > room)
        engine_fault("outgoing message");
    uint32_t used = 0;
    for (uint32_t p = 0; p < count; p++) {
        struct iovec next = vector_of(piece_of(message, p));
        *bytes += (uint32_t)next.iov_len;
        if (used > 0 && (uint8_t *)vector[used - 1].iov_base + vector[used - 1].iov_len == next.iov_base)
            vector[used - 1].iov_len += next.iov_len;
        else
            vector[used++] = next;
    }
    struct msghdr *header = &headers[index].msg_hdr;
    set_header(header, message, vector, used);
    if (count > 1)
        set_segment(header, &controls[index], (uint16_t)record_get(message, ABI_MSG_SEGMENT));
    return used;
}

/* Sends as many of the headers as the kernel takes: 0 with errno set when it refuses the first. */
static uint32_t transmit(int fd, struct mmsghdr *first, uint32_t count)
{
    for (;;) {
        long sent = syscall(SYS_sendmmsg, fd, first, count, MSG_DONTWAIT);
        if (sent > 0)
            return (uint32_t)sent;
        if (sent == 0)
            errno = EIO;
        if (errno != EINTR)
            return 0;
    }
}

static void fail(const uint8_t *message, uint32_t number)
{
    record_set(piece_of(message, number), ABI_PIECE_STATUS, (uint32_t)-sys_error());
}

/* Sends the datagrams of a refused message one by one: the path may not support segmentation. */
static void send_singly(int fd, uint8_t *message)
{
    uint32_t count = record_get(message, ABI_MSG_COUNT);
    if (count > ABI_MAX_RUN)
        engine_fault("outgoing run");
    for (uint32_t p = 0; p < count; p++) {
        single_vectors[p] = vector_of(piece_of(message, p));
        set_header(&singles[p].msg_hdr, message, &single_vectors[p], 1);
    }
    for (uint32_t p = 0; p < count;) {
        uint32_t sent = transmit(fd, singles + p, count - p);
        if (sent == 0)
            fail(message, p++);
        p += sent;
    }
}

/* A message the kernel refused. */
static void refuse(int fd, uint8_t *message)
{
    uint32_t count = record_get(message, ABI_MSG_COUNT);
    if (count > 1 && errno != EAGAIN && errno != ENOBUFS) {
        send_singly(fd, message);
        return;
    }
    for (uint32_t p = 0; p < count; p++)
        fail(message, p);
}

/* Sends messages first … end-1 of one listen socket; a refused one is reported and skipped. */
static void dispatch(uint32_t index, uint32_t first, uint32_t end)
{
    while (first < end) {
        int fd = port_choose(index, message_at(first) + ABI_MSG_DESTINATION);
        uint32_t stop = first + 1;
        if (!port_busy(index))
            stop = end;
        while (stop < end && port_choose(index, message_at(stop) + ABI_MSG_DESTINATION) == fd)
            stop++;
        uint32_t sent = transmit(fd, headers + first, stop - first);
        first += sent;
        if (sent > 0)
            continue;
        /* Refused by the shared socket for the first time: from now on by destination. */
        if (errno == EAGAIN && fd == sys_udp_fd[index] && port_congest(index))
            continue;
        refuse(fd, message_at(first++));
    }
}

void sys_udp_send(uint32_t count)
{
    messages = engine_region(ABI_REGION_UDP_MSG, ABI_MAX_MESSAGES * ABI_MSG_STRIDE);
    pieces = engine_region(ABI_REGION_UDP_PIECE, ABI_MAX_PIECES * ABI_PIECE_STRIDE);
    if (count > ABI_MAX_MESSAGES)
        engine_fault("outgoing messages");
    uint32_t first = 0;
    while (first < count) {
        uint32_t index = record_get(message_at(first), ABI_MSG_SOCKET), end = first, used = 0, bytes = 0;
        do
            used += prepare(end++, vectors + used, ABI_MAX_PIECES - used, &bytes);
        while (end < count && record_get(message_at(end), ABI_MSG_SOCKET) == index);
        if (index < sys_udp_count) {
            port_enter(index, bytes + (end - first) * ABI_MESSAGE_OVERHEAD);
            dispatch(index, first, end);
        } else {
            errno = EBADF;
            while (first < end)
                refuse(-1, message_at(first++));
        }
        first = end;
    }
}
