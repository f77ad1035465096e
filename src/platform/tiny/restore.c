/*
 * The kernel's word that this virtual machine was restored from a snapshot: the uevent of its vmgenid device
 * (Linux 6.8). Reading uevents needs no privilege.
 */

#include "sys.h"

#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The group the kernel sends uevents to. */
#define KERNEL_EVENTS 1
/* The kernel's UEVENT_BUFFER_SIZE, and room for its first line. */
#define EVENT_LIMIT 4096

int sys_restore_fd = -1;

void sys_watch_restores(void)
{
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    if (fd < 0)
        return;
    struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_EVENTS};
    if (bind(fd, (struct sockaddr *)&group, sizeof group) == 0)
        sys_restore_fd = fd;
    else
        close(fd);
}

/* Whether one of the NUL-terminated fields of an event says so. */
static int says_restored(const char *event, const char *end)
{
    for (const char *field = event; field < end; field += strlen(field) + 1)
        if (strcmp(field, "NEW_VMGENID=1") == 0)
            return 1;
    return 0;
}

int sys_restored(void)
{
    int restored = 0;
    for (;;) {
        char event[EVENT_LIMIT + 1];
        struct sockaddr_nl from = {0};
        socklen_t size = sizeof from;
        ssize_t length =
            recvfrom(sys_restore_fd, event, EVENT_LIMIT, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
        if (length < 0)
            return restored;
        event[length] = 0;
        /* Port id 0 is the kernel itself. */
        if (from.nl_pid == 0 && says_restored(event, event + length))
            restored = 1;
    }
}
