/* The TUN device, os-backends.md §1, with segmentation offload where the kernel has it. */

#include "abi.h"
#include "engine.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

/* Offloads of Linux 6.2, unknown to older headers. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

int sys_tun_fd = -1;

static char tun_name[IFNAMSIZ];
static int tun_vnet;

/* Attaches to the device, with or without a virtio header on every packet. */
static int set_interface(int fd, const char *name, int flags)
{
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_flags = (short)flags;
    if (ioctl(fd, TUNSETIFF, &request) < 0)
        return -1;
    memcpy(tun_name, request.ifr_name, IFNAMSIZ);
    tun_name[IFNAMSIZ - 1] = 0;
    return 0;
}

/* Asks for as much segmentation offload as this kernel gives. */
static int set_offload(int fd)
{
    int header = ABI_VNET_LENGTH;
    if (ioctl(fd, TUNSETVNETHDRSZ, &header) < 0)
        return -1;
    const unsigned long tcp = TUN_F_CSUM | TUN_F_TSO4;
    if (ioctl(fd, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) == 0)
        return 0;
    return ioctl(fd, TUNSETOFFLOAD, tcp);
}

int32_t sys_tun_open(const char *name)
{
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return sys_error_at(ABI_TUN_OPEN);
    const int plain = IFF_TUN | IFF_NO_PI;
    tun_vnet = set_interface(fd, name, plain | IFF_VNET_HDR) == 0;
    if (tun_vnet && set_offload(fd) < 0) {
        tun_vnet = 0;
        close(fd);
        fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
            return sys_error_at(ABI_TUN_OPEN);
    }
    if (!tun_vnet && set_interface(fd, name, plain) < 0) {
        int32_t error = sys_error_at(ABI_TUN_IOCTL);
        close(fd);
        return error;
    }
    sys_tun_fd = fd;
    return 0;
}

const char *sys_tun_name(void)
{
    return tun_name;
}

int32_t sys_tun_vnet(void)
{
    return tun_vnet;
}

/*
 * Packs packets into the arena: TUN_HEADROOM free bytes before each, TUN_TAILROOM after it. A virtio header is
 * read into the end of the headroom, so the packet itself always starts where its descriptor says.
 */
int32_t sys_tun_receive(void)
{
    uint8_t *arena = engine_region(ABI_REGION_TUN_ARENA, ABI_TUN_ARENA_LENGTH);
    uint8_t *descriptors = engine_region(ABI_REGION_TUND, ABI_MAX_TUN_PACKETS * ABI_TUND_STRIDE);
    const uint32_t header = tun_vnet ? ABI_VNET_LENGTH : 0;
    const uint32_t largest = tun_vnet ? ABI_TUN_READ_OFFLOAD : ABI_TUN_READ_PLAIN;
    uint32_t count = 0, at = 0;
    while (count < ABI_MAX_TUN_PACKETS && at + ABI_TUN_HEADROOM + largest + ABI_TUN_TAILROOM <= ABI_TUN_ARENA_LENGTH) {
        uint32_t start = at + ABI_TUN_HEADROOM;
        ssize_t got = read(sys_tun_fd, arena + start - header, header + largest);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= (ssize_t)header)
            break;
        uint32_t length = (uint32_t)got - header;
        uint8_t *descriptor = descriptors + count * ABI_TUND_STRIDE;
        record_set(descriptor, ABI_TUND_OFFSET, (uint32_t)(arena - engine_memory) + start);
        record_set(descriptor, ABI_TUND_LENGTH, length);
        count++;
        at = (start + length + ABI_TUN_TAILROOM + 15u) & ~15u;
    }
    return (int32_t)count;
}

/* The errno of one gather write, 0 when the device took it. */
static uint32_t write_message(const struct iovec *pieces, int count)
{
    for (int attempt = 0;; attempt++) {
        if (writev(sys_tun_fd, pieces, count) >= 0)
            return 0;
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN && attempt == 0 && sys_wait_writable(sys_tun_fd))
            continue;
        return (uint32_t)-sys_error();
    }
}

void sys_tun_send(uint32_t count)
{
    uint8_t *messages = engine_region(ABI_REGION_TUN_MSG, ABI_MAX_MESSAGES * ABI_MSG_STRIDE);
    const uint8_t *pieces = engine_region(ABI_REGION_TUN_PIECE, ABI_MAX_PIECES * ABI_PIECE_STRIDE);
    struct iovec vector[ABI_MAX_RUN + 1];
    for (uint32_t i = 0; i < count && i < ABI_MAX_MESSAGES; i++) {
        uint8_t *message = messages + i * ABI_MSG_STRIDE;
        uint32_t first = record_get(message, ABI_MSG_FIRST);
        uint32_t parts = record_get(message, ABI_MSG_COUNT);
        if (parts > ABI_MAX_RUN + 1 || first > ABI_MAX_PIECES - parts)
            engine_fault("TUN pieces");
        for (uint32_t p = 0; p < parts; p++) {
            const uint8_t *piece = pieces + (first + p) * ABI_PIECE_STRIDE;
            uint32_t length = record_get(piece, ABI_PIECE_LENGTH);
            vector[p].iov_base = engine_bytes(record_get(piece, ABI_PIECE_OFFSET), length);
            vector[p].iov_len = length;
        }
        record_set(message, ABI_MSG_STATUS, write_message(vector, (int)parts));
    }
}
