/* Unix datagram sockets: UnixSys of src/core/sys.ts. */

#include "sys.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

static struct sockaddr_un sender;
static size_t sender_length;

/* Fills in an address: its length, or 0 with errno set. A path ends with a NUL where one fits; an abstract
 * name, which begins with one, has its length; without any the kernel chooses a name. */
static socklen_t set_address(struct sockaddr_un *out, const char *address, size_t length)
{
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    if (length > sizeof out->sun_path) {
        errno = ENAMETOOLONG;
        return 0;
    }
    memcpy(out->sun_path, address, length);
    const int terminated = length > 0 && length < sizeof out->sun_path && address[0] != 0;
    return (socklen_t)(PATH_OFFSET + length + (size_t)terminated);
}

int32_t sys_unix_open(int32_t buffer)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sys_error();
    if (buffer > 0)
        sys_raise_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, buffer);
    return fd;
}

/* The umask gives the socket file its mode: changing it through the descriptor does not reach the file. */
int32_t sys_unix_bind(int32_t fd, const char *path, size_t length, int32_t mode)
{
    struct sockaddr_un address;
    socklen_t size = set_address(&address, path, length);
    if (size == 0)
        return sys_error();
    mode_t before = umask((mode_t)~mode & 0777);
    int32_t result = bind(fd, (const struct sockaddr *)&address, size) < 0 ? sys_error() : 0;
    umask(before);
    return result;
}

int32_t sys_unix_connect(int32_t fd, const char *address, size_t length)
{
    struct sockaddr_un to;
    socklen_t size = set_address(&to, address, length);
    return size == 0 || connect(fd, (const struct sockaddr *)&to, size) < 0 ? sys_error() : 0;
}

int32_t sys_unix_send(int32_t fd, const char *bytes, size_t length, const char *address,
                      size_t address_length)
{
    struct sockaddr_un to;
    socklen_t size = address_length == 0 ? 0 : set_address(&to, address, address_length);
    if (size == 0 && address_length > 0)
        return sys_error();
    ssize_t sent;
    do
        sent = sendto(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL,
                      size == 0 ? NULL : (const struct sockaddr *)&to, size);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? sys_error() : 0;
}

int32_t sys_unix_receive(int32_t fd, char *buffer, size_t limit)
{
    ssize_t length;
    socklen_t size;
    do {
        size = sizeof sender;
        length = recvfrom(fd, buffer, limit, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&sender, &size);
    } while (length < 0 && errno == EINTR);
    if (length < 0)
        return sys_error();
    sender_length = size <= PATH_OFFSET ? 0 : size - PATH_OFFSET;
    if (sender_length > 0 && sender.sun_path[0] != 0)
        sender_length = strnlen(sender.sun_path, sender_length);
    if ((size_t)length <= limit)
        return (int32_t)length;
    errno = EMSGSIZE;
    return sys_error();
}

const char *sys_unix_sender(size_t *length)
{
    *length = sender_length;
    return sender.sun_path;
}

int32_t sys_poll(int32_t fd, int32_t events, int32_t timeout_ms)
{
    struct pollfd set = {.fd = fd, .events = (short)events};
    return poll(&set, 1, timeout_ms) > 0;
}
