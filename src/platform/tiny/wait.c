/* Readiness: one poll over everything the daemon listens to. */

#include "abi.h"
#include "listen-port.h"
#include "sys.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* Descriptors beside the UDP sockets: signals, TUN, control, the system's events. */
#define OTHER_DESCRIPTORS 4

static int control_fd = -1;

void sys_watch_control(int32_t fd)
{
    control_fd = fd;
    sys_watch_signals();
}

int32_t sys_wait(int32_t timeout_ms)
{
    struct pollfd set[OTHER_DESCRIPTORS + ABI_MAX_LISTEN_PORTS];
    int32_t bits[OTHER_DESCRIPTORS + ABI_MAX_LISTEN_PORTS];
    nfds_t count = 0;
    const int others[OTHER_DESCRIPTORS] = {sys_signal_fd, sys_tun_fd, control_fd, sys_restore_fd};
    const int32_t other_bits[OTHER_DESCRIPTORS] = {ABI_READY_STOP, ABI_READY_TUN, ABI_READY_CONTROL,
                                                   ABI_READY_RESTORED};
    for (int i = 0; i < OTHER_DESCRIPTORS; i++) {
        if (others[i] < 0)
            continue;
        set[count] = (struct pollfd){.fd = others[i], .events = POLLIN};
        bits[count++] = other_bits[i];
    }
    for (uint32_t i = 0; i < sys_udp_count; i++) {
        set[count] = (struct pollfd){.fd = sys_udp_fd[i], .events = POLLIN};
        bits[count++] = ABI_READY_UDP << i;
    }

    int ready;
    do
        ready = poll(set, count, timeout_ms);
    while (ready < 0 && errno == EINTR && timeout_ms < 0);
    int32_t result = 0;
    for (nfds_t i = 0; ready > 0 && i < count; i++) {
        if (set[i].revents == 0)
            continue;
        /* A removed device reports an error without data for ever. */
        if (bits[i] == ABI_READY_TUN && (set[i].revents & POLLIN) == 0)
            result |= ABI_READY_LOST;
        else
            result |= bits[i];
    }
    if ((result & ABI_READY_RESTORED) != 0 && !sys_restored())
        result &= ~ABI_READY_RESTORED;
    return result;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void sys_close_all(void)
{
    close_one(&sys_tun_fd);
    close_one(&sys_restore_fd);
    control_fd = -1;
    port_close_lanes();
    for (uint32_t i = 0; i < sys_udp_count; i++)
        close_one(&sys_udp_fd[i]);
    sys_udp_count = 0;
}
