/* Sys.netlinkOpen. */

#include "sys.h"

#include <linux/netlink.h>
#include <sys/socket.h>

int32_t sys_netlink_open(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    return fd < 0 ? sys_error() : fd;
}
