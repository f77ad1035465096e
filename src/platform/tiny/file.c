/* Files. Paths are byte strings. */

#include "abi.h"
#include "engine.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is to be written may lie in a directory that others can write to: a link there is not followed, a pipe
   not waited for. */
static int open_flags(int32_t mode)
{
    switch (mode) {
    case ABI_OPEN_CREATE:
    case ABI_OPEN_PUBLIC:
        return O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    case ABI_OPEN_DIRECTORY:
        return O_RDONLY | O_DIRECTORY;
    case ABI_OPEN_LOCK:
        return O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
    default:
        return O_RDONLY;
    }
}

int32_t sys_open(const char *path, int32_t mode)
{
    int fd;
    do
        fd = open(path, open_flags(mode) | O_CLOEXEC, 0600);
    while (fd < 0 && errno == EINTR);
    if (fd >= 0 && mode == ABI_OPEN_PUBLIC)
        (void)fchmod(fd, 0644);
    return fd < 0 ? sys_error() : fd;
}

static int32_t read_into(int32_t fd, void *out, size_t length)
{
    ssize_t count;
    do
        count = read(fd, out, length);
    while (count < 0 && errno == EINTR);
    return count < 0 ? sys_error() : (int32_t)count;
}

int32_t sys_read(int32_t fd, uint32_t offset, uint32_t length)
{
    return read_into(fd, engine_bytes(offset, length), length);
}

int32_t sys_read_text(int32_t fd, char *buffer, size_t limit)
{
    return read_into(fd, buffer, limit);
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

static uint32_t file_type(mode_t mode)
{
    if (S_ISREG(mode))
        return ABI_TYPE_FILE;
    if (S_ISDIR(mode))
        return ABI_TYPE_DIRECTORY;
    return S_ISSOCK(mode) ? ABI_TYPE_SOCKET : 0;
}

static int32_t write_status(const struct stat *status, uint32_t offset)
{
    uint8_t *record = engine_bytes(offset, ABI_STAT_LENGTH);
    const uint64_t device = status->st_dev, inode = status->st_ino;
    record_set(record, ABI_STAT_TYPE, file_type(status->st_mode));
    record_set(record, ABI_STAT_MODE, status->st_mode & 07777);
    record_set(record, ABI_STAT_OWNER, status->st_uid);
    memcpy(record + ABI_STAT_DEVICE, &device, sizeof device);
    memcpy(record + ABI_STAT_INODE, &inode, sizeof inode);
    return 0;
}

int32_t sys_stat(const char *path, uint32_t offset)
{
    struct stat status;
    return lstat(path, &status) < 0 ? sys_error() : write_status(&status, offset);
}

int32_t sys_fstat(int32_t fd, uint32_t offset)
{
    struct stat status;
    return fstat(fd, &status) < 0 ? sys_error() : write_status(&status, offset);
}

int32_t sys_lock(int32_t fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) < 0 ? sys_error() : 0;
}
