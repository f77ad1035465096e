/*
 * A paced flow of numbered, time-stamped UDP packets, and its receiver.
 *
 *   paced-load send ADDRESS PORT RATE SECONDS BYTES
 *   paced-load receive ADDRESS PORT FILE
 *
 * The sender sends RATE packets a second, spread over ticks of 250 us. It never sends faster than twice that: what a
 * stalled machine kept it from sending is caught up with slowly. It stops early at SIGTERM, and prints
 * "sent=<n> ms=<time it took>".
 *
 * The receiver notes each packet as it comes: u32 number, u32 latency in us, u64 time of sending in ns (wall clock,
 * little-endian). Arrival is when the kernel took the packet, so waiting for the receiver's turn is not counted. It ends
 * a second after the last packet, writes the notes to FILE, and prints "received=<n> foreign=<n>", where foreign are
 * packets that no sender made.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TICKS_PER_SECOND 4000
#define TICK_NS (1000000000 / TICKS_PER_SECOND)
#define SHORTEST 24u
#define LONGEST 1400u
#define MOST 4000000u
#define BUFFER (64 << 20)
#define START_MS 15000
#define END_MS 1000

struct mark {
    uint64_t magic;
    uint64_t sent_ns;
    uint64_t number;
};

struct note {
    uint32_t number;
    uint32_t latency_us;
    uint64_t sent_ns;
};

static const uint64_t magic = 0x64616f6c64656361ull;
static struct note notes[MOST];
static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct sockaddr_in address_of(const char *address, const char *port)
{
    struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, address, &result.sin_addr) != 1) {
        fprintf(stderr, "not an address: %s\n", address);
        exit(1);
    }
    return result;
}

/* What root may ask for; less is no failure here, but losses would tell. */
static int open_socket(int option)
{
    int size = BUFFER, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail("socket");
    setsockopt(fd, SOL_SOCKET, option, &size, sizeof size);
    return fd;
}

static void sleep_until(uint64_t ns)
{
    struct timespec time = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
        ;
}

static void send_one(int fd, uint64_t number, size_t length)
{
    char packet[LONGEST] = {0};
    struct mark mark = {.magic = magic, .sent_ns = now(CLOCK_REALTIME), .number = number};
    memcpy(packet, &mark, sizeof mark);
    while (send(fd, packet, length, 0) < 0)
        if (errno != EINTR && errno != ENOBUFS && errno != ECONNREFUSED)
            fail("send");
}

static int run_sender(char **args)
{
    const struct sockaddr_in to = address_of(args[0], args[1]);
    const uint64_t rate = strtoull(args[2], NULL, 10), total = rate * strtoull(args[3], NULL, 10);
    const size_t length = strtoull(args[4], NULL, 10);
    const uint64_t most = 2 * rate / TICKS_PER_SECOND + 1;
    if (length < SHORTEST || length > LONGEST || total > MOST)
        return 2;
    int fd = open_socket(SO_SNDBUFFORCE);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
        fail("connect");
    signal(SIGTERM, stop);
    const uint64_t start = now(CLOCK_MONOTONIC);
    uint64_t sent = 0;
    for (uint64_t tick = 1; sent < total && !stopped; tick++) {
        sleep_until(start + tick * TICK_NS);
        uint64_t due = tick * rate / TICKS_PER_SECOND;
        for (uint64_t i = 0; i < most && sent < due && sent < total; i++)
            send_one(fd, sent++, length);
    }
    printf("sent=%llu ms=%llu\n", (unsigned long long)sent,
           (unsigned long long)((now(CLOCK_MONOTONIC) - start) / 1000000u));
    return 0;
}

static uint64_t arrival_of(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        struct timespec time;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&time, CMSG_DATA(c), sizeof time);
        return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
    }
    return now(CLOCK_REALTIME);
}

/* Takes one packet. 1 for one of ours, 0 for a foreign one, -1 when there is none. */
static int take(int fd, struct note *note)
{
    struct mark mark;
    char control[128];
    struct iovec part = {.iov_base = &mark, .iov_len = sizeof mark};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
    if (length < 0)
        return -1;
    if ((size_t)length < sizeof mark || mark.magic != magic)
        return 0;
    uint64_t arrival = arrival_of(&message);
    note->number = (uint32_t)mark.number;
    note->sent_ns = mark.sent_ns;
    note->latency_us = arrival > mark.sent_ns ? (uint32_t)((arrival - mark.sent_ns) / 1000u) : 0;
    return 1;
}

static int run_receiver(char **args)
{
    const struct sockaddr_in at = address_of(args[0], args[1]);
    int on = 1, fd = open_socket(SO_RCVBUFFORCE);
    uint32_t received = 0, foreign = 0;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&at, sizeof at) < 0)
        fail("bind");
    puts("listening");
    fflush(stdout);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (poll(&ready, 1, received == 0 ? START_MS : END_MS) > 0) {
        for (int kind; received < MOST && (kind = take(fd, &notes[received])) >= 0;)
            *(kind > 0 ? &received : &foreign) += 1;
        if (received == MOST)
            break;
        /* Gather some, rather than waking for each: the processor is the daemons'. */
        usleep(1000);
    }
    FILE *file = fopen(args[2], "wb");
    if (file == NULL || fwrite(notes, sizeof *notes, received, file) != received || fclose(file) != 0)
        fail("write");
    printf("received=%u foreign=%u\n", received, foreign);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[1], "send") == 0)
        return run_sender(argv + 2);
    if (argc == 5 && strcmp(argv[1], "receive") == 0)
        return run_receiver(argv + 2);
    fputs("usage: paced-load send ADDRESS PORT RATE SECONDS BYTES | receive ADDRESS PORT FILE\n", stderr);
    return 2;
}
