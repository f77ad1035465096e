/* The client's side of the control socket, control-protocol.md §8. */

#include "abi.h"
#include "sys.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int client_fd = -1;
static int client_flags;

/* A reply needs an address: binding with the family alone makes the kernel choose an abstract name. */
int32_t sys_client_open(int with_reply)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sys_error_at(ABI_CONTROL_SOCKET);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (with_reply && bind(fd, (const struct sockaddr *)&address, sizeof address.sun_family) < 0) {
        int32_t error = sys_error_at(ABI_CONTROL_BIND);
        close(fd);
        return error;
    }
    client_fd = fd;
    client_flags = MSG_NOSIGNAL | (with_reply ? MSG_DONTWAIT : 0);
    return 0;
}

int32_t sys_client_send(const char *path, const char *bytes, size_t length)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t path_length = strlen(path);
    if (path_length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return sys_error();
    }
    memcpy(address.sun_path, path, path_length);
    ssize_t sent;
    do
        sent =
            sendto(client_fd, bytes, length, client_flags, (const struct sockaddr *)&address, sizeof address);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? sys_error() : 0;
}

int32_t sys_client_receive(char *buffer, size_t capacity, int32_t timeout_ms)
{
    const int64_t deadline = sys_milliseconds() + timeout_ms;
    for (;;) {
        ssize_t length = recv(client_fd, buffer, capacity, MSG_DONTWAIT);
        if (length >= 0)
            return (int32_t)length;
        if (errno != EAGAIN && errno != EINTR)
            return -1;
        int64_t left = deadline - sys_milliseconds();
        if (left <= 0)
            return -1;
        struct pollfd set = {.fd = client_fd, .events = POLLIN};
        poll(&set, 1, (int)left);
    }
}

void sys_client_close(void)
{
    if (client_fd >= 0)
        close(client_fd);
    client_fd = -1;
}
