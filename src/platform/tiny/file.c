/* Files. Paths are byte strings. */

#include "abi.h"
#include "engine.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int32_t sys_open(const char *path, int32_t mode)
{
    int flags = O_RDONLY | O_CLOEXEC;
    /* What is to be written may lie in a directory that others can write to: a link there is not followed, a
       pipe not waited for. */
    if (mode == ABI_OPEN_WRITE_PRIVATE)
        flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    else if (mode == ABI_OPEN_DIRECTORY)
        flags |= O_DIRECTORY;
    int fd;
    do
        fd = open(path, flags, 0600);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? sys_error() : fd;
}

int32_t sys_read(int32_t fd, uint32_t offset, uint32_t length)
{
    void *out = engine_bytes(offset, length);
    ssize_t count;
    do
        count = read(fd, out, length);
    while (count < 0 && errno == EINTR);
    return count < 0 ? sys_error() : (int32_t)count;
}

int32_t sys_write(int32_t fd, uint32_t offset, uint32_t length)
{
    const void *in = engine_bytes(offset, length);
    ssize_t count;
    do
        count = write(fd, in, length);
    while (count < 0 && errno == EINTR);
    return count < 0 ? sys_error() : (int32_t)count;
}

int32_t sys_fsync(int32_t fd)
{
    int result;
    do
        result = fsync(fd);
    while (result < 0 && errno == EINTR);
    return result < 0 ? sys_error() : 0;
}

/* On Linux a descriptor is closed even when close was interrupted: it must not be repeated. */
int32_t sys_close(int32_t fd)
{
    return close(fd) < 0 && errno != EINTR ? sys_error() : 0;
}

int32_t sys_rename(const char *from, const char *to)
{
    return rename(from, to) < 0 ? sys_error() : 0;
}

int32_t sys_unlink(const char *path)
{
    return unlink(path) < 0 ? sys_error() : 0;
}

int32_t sys_mkdir(const char *path, int32_t mode)
{
    return mkdir(path, (mode_t)mode) < 0 ? sys_error() : 0;
}
