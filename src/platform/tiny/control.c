/* The daemon's control socket, control-protocol.md §1: a unix datagram socket of mode 0600. */

#include "abi.h"
#include "sys.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int sys_control_fd = -1;

/* Sender of the last request; length 0 when it has no address. */
static struct sockaddr_un sender;
static socklen_t sender_length;

static int set_path(struct sockaddr_un *address, const char *path)
{
    size_t length = strlen(path);
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (length >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address->sun_path, path, length);
    return 0;
}

int32_t sys_control_probe(const char *path)
{
    struct stat info;
    struct sockaddr_un address;
    if (lstat(path, &info) < 0 || set_path(&address, path) < 0)
        return sys_error();
    if (!S_ISSOCK(info.st_mode))
        return -EEXIST;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sys_error();
    int32_t result = connect(fd, (const struct sockaddr *)&address, sizeof address) < 0 ? sys_error() : 0;
    close(fd);
    return result;
}

int32_t sys_control_bind(const char *path)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sys_error_at(ABI_CONTROL_SOCKET);
    int32_t error = 0;
    mode_t before = umask(0177);
    if (set_path(&address, path) < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        error = sys_error_at(ABI_CONTROL_BIND);
    umask(before);
    /* The mode comes from the umask alone: changing it through the descriptor does not reach the node. */
    struct stat info;
    if (error == 0 && (lstat(path, &info) < 0 || (info.st_mode & 07777) != 0600)) {
        errno = EPERM;
        error = sys_error_at(ABI_CONTROL_CHMOD);
        unlink(path);
    }
    if (error != 0) {
        close(fd);
        return error;
    }
    sys_watch_signals();
    sys_control_fd = fd;
    return 0;
}

int32_t sys_control_receive(char *buffer, size_t capacity)
{
    ssize_t length;
    do {
        sender_length = sizeof sender;
        length = recvfrom(sys_control_fd, buffer, capacity, MSG_DONTWAIT | MSG_TRUNC,
                          (struct sockaddr *)&sender, &sender_length);
    } while (length < 0 && errno == EINTR);
    if (length < 0)
        return CONTROL_NONE;
    if (sender_length <= sizeof sender.sun_family)
        sender_length = 0;
    return (size_t)length > capacity ? CONTROL_IGNORED : (int32_t)length;
}

int32_t sys_control_reply(const char *bytes, size_t length)
{
    if (sender_length == 0)
        return 0;
    ssize_t sent = sendto(sys_control_fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL,
                          (const struct sockaddr *)&sender, sender_length);
    return sent < 0 ? sys_error() : 0;
}
