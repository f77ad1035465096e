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

/* The engine's virtio headers are little-endian, whatever this machine is (Linux 4.0). */
static int little_headers(int fd)
{
    int little = 1;
    return !BIG_ENDIAN_HOST || ioctl(fd, TUNSETVNETLE, &little) == 0;
}

static int enable_offload(int fd)
{
    int header = ABI_VNET_LENGTH;
    return little_headers(fd) && ioctl(fd, TUNSETVNETHDRSZ, &header) == 0 &&
           ioctl(fd, TUNSETOFFLOAD, ABI_TUN_OFFLOADS) == 0;
}

/* Opens the device with these flags: its descriptor, or -(stage, errno). */
static int32_t open_as(const char *name, int flags)
{
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return sys_error_at(ABI_TUN_OPEN);
    if (set_interface(fd, name, flags) < 0) {
        int32_t error = sys_error_at(ABI_TUN_IOCTL);
        close(fd);
        return error;
    }
    return fd;
}

int32_t sys_tun_open(const char *name)
{
    int32_t fd = sys_offload() ? open_as(name, IFF_TUN | IFF_NO_PI | IFF_VNET_HDR) : -1;
    tun_vnet = fd >= 0;
    if (fd >= 0 && !enable_offload(fd)) {
        close(fd);
        tun_vnet = 0;
    }
    if (!tun_vnet)
        fd = open_as(name, IFF_TUN | IFF_NO_PI);
    if (fd < 0)
        return fd;
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
 * Packs packets into the arena: TUN_HEADROOM free bytes before each, TUN_TAILROOM after it. A virtio header
 * is read into the end of the headroom, so the packet itself always starts where its descriptor says.
 */
int32_t sys_tun_receive(void)
{
    uint8_t *arena = engine_region(ABI_REGION_TUN_ARENA, ABI_TUN_ARENA_LENGTH);
    uint8_t *descriptors = engine_region(ABI_REGION_TUND, ABI_MAX_TUN_PACKETS * ABI_TUND_STRIDE);
    const uint32_t header = tun_vnet ? ABI_VNET_LENGTH : 0;
    const uint32_t largest = tun_vnet ? ABI_TUN_READ_OFFLOAD : ABI_TUN_READ_PLAIN;
    uint32_t count = 0, free = 0;
    while (count < ABI_MAX_TUN_PACKETS) {
        uint32_t start = (free + ABI_TUN_HEADROOM + ABI_TUN_ALIGNMENT - 1u) & ~(ABI_TUN_ALIGNMENT - 1u);
        if (start + largest + ABI_TUN_TAILROOM > ABI_TUN_ARENA_LENGTH)
            break;
        ssize_t got = read(sys_tun_fd, arena + start - header, header + largest);
        if (got < 0 && errno == EINTR)
            continue;
        /* Would block, or the device is gone: either way there is nothing more to read now. */
        if (got <= (ssize_t)header)
            break;
        uint32_t length = (uint32_t)got - header;
        uint8_t *descriptor = descriptors + count * ABI_TUND_STRIDE;
        record_set(descriptor, ABI_TUND_OFFSET, (uint32_t)(arena - engine_memory) + start);
        record_set(descriptor, ABI_TUND_LENGTH, length);
        free = start + length + ABI_TUN_TAILROOM;
        count++;
    }
    return (int32_t)count;
}

/* The errno of one gather write, 0 when the device took it. */
static uint32_t write_message(const struct iovec *vector, int count)
{
    ssize_t written;
    do
        written = writev(sys_tun_fd, vector, count);
    while (written < 0 && errno == EINTR);
    return written < 0 ? (uint32_t)-sys_error() : 0;
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
