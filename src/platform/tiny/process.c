/* The process: standard streams, capabilities (daemon-cli.md §4), stop signals. */

#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAPABILITY_VERSION 0x20080522u
#define CAPABILITY_WORDS 2
#define LAST_CAPABILITY 63

int sys_signal_fd = -1;

void sys_print(int32_t stream, const char *bytes, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t count = write(stream, bytes + done, length - done);
        if (count > 0)
            done += (size_t)count;
        else if (count < 0 && errno == EAGAIN)
            poll(&(struct pollfd){.fd = stream, .events = POLLOUT}, 1, -1);
        else if (count < 0 && errno != EINTR)
            return;
    }
}

/* The highest capability this kernel knows. */
static int last_capability(void)
{
    char text[16];
    int fd = open("/proc/sys/kernel/cap_last_cap", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return LAST_CAPABILITY;
    ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    if (count <= 0)
        return LAST_CAPABILITY;
    text[count] = 0;
    int last = 0;
    for (const char *at = text; *at >= '0' && *at <= '9'; at++)
        last = last * 10 + (*at - '0');
    return last > 0 && last <= LAST_CAPABILITY ? last : LAST_CAPABILITY;
}

/* Order matters: the bounding set can only be emptied while CAP_SETPCAP is still held. */
int32_t sys_drop_privileges(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return sys_error();
    int last = last_capability();
    for (int capability = 0; capability <= last; capability++)
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);

    struct __user_cap_header_struct header = {.version = CAPABILITY_VERSION, .pid = 0};
    struct __user_cap_data_struct held[CAPABILITY_WORDS];
    memset(held, 0, sizeof held);
    if (syscall(SYS_capget, &header, held) < 0)
        return sys_error();
    struct __user_cap_data_struct none[CAPABILITY_WORDS];
    memset(none, 0, sizeof none);
    if (syscall(SYS_capset, &header, none) < 0) {
        int32_t error = sys_error();
        for (int word = 0; word < CAPABILITY_WORDS; word++)
            if (held[word].effective | held[word].permitted | held[word].inheritable)
                return error;
    }
    return 0;
}

int32_t sys_user_id(void)
{
    return (int32_t)geteuid();
}

int sys_offload(void)
{
    const char *value = getenv("SUBNETRA_OFFLOAD");
    return value == NULL || strcmp(value, "0") != 0;
}

void sys_watch_signals(void)
{
    if (sys_signal_fd >= 0)
        return;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sys_signal_fd = signalfd(-1, &stop, SFD_NONBLOCK | SFD_CLOEXEC);
    if (sys_signal_fd >= 0)
        sigprocmask(SIG_BLOCK, &stop, NULL);
}
