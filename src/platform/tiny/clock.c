/* Time and chance. */

#include "engine.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

void sys_clock(uint32_t offset)
{
    struct timespec wall = {0}, steady = {0};
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_MONOTONIC, &steady);
    uint8_t *record = engine_bytes(offset, 32);
    record_set64(record, 0, (uint64_t)wall.tv_sec);
    record_set64(record, 8, (uint64_t)wall.tv_nsec);
    record_set64(record, 16, (uint64_t)steady.tv_sec);
    record_set64(record, 24, (uint64_t)steady.tv_nsec);
}

int64_t sys_milliseconds(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* For kernels before 3.17, which have no getrandom. */
static int32_t read_urandom(uint8_t *out, uint32_t length)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sys_error();
    uint32_t done = 0;
    while (done < length) {
        ssize_t count = read(fd, out + done, length - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            int32_t error = count < 0 ? sys_error() : -EIO;
            close(fd);
            return error;
        }
        done += (uint32_t)count;
    }
    close(fd);
    return 0;
}

int32_t sys_random(uint32_t offset, uint32_t length)
{
    uint8_t *out = engine_bytes(offset, length);
    uint32_t done = 0;
    while (done < length) {
        ssize_t count = getrandom(out + done, length - done, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno == ENOSYS ? read_urandom(out, length) : sys_error();
        done += (uint32_t)count;
    }
    return 0;
}
