/* Plain UDP sockets: DatagramSys of src/core/sys.ts. */

#include "abi.h"
#include "engine.h"
#include "sys.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void set_address(struct sockaddr_in *out, uint32_t address, uint32_t port)
{
    memset(out, 0, sizeof *out);
    out->sin_family = AF_INET;
    out->sin_port = htons((uint16_t)port);
    out->sin_addr.s_addr = htonl(address);
}

static int32_t refuse(int fd, int32_t stage)
{
    int32_t error = sys_error_at(stage);
    close(fd);
    return error;
}

int32_t sys_datagram_open(uint32_t port, int32_t dont_fragment)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sys_error_at(ABI_UDP_SOCKET);
    const int probe = IP_PMTUDISC_PROBE;
    if (dont_fragment == 1 && setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe) < 0)
        return refuse(fd, ABI_UDP_DONT_FRAGMENT);
    struct sockaddr_in address;
    set_address(&address, INADDR_ANY, port);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return refuse(fd, ABI_UDP_BIND);
    return fd;
}

int32_t sys_datagram_send(int32_t fd, uint32_t address, uint32_t port, uint32_t offset, uint32_t length)
{
    struct sockaddr_in to;
    set_address(&to, address, port);
    ssize_t sent;
    do
        sent = sendto(fd, engine_bytes(offset, length), length, 0, (const struct sockaddr *)&to, sizeof to);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? sys_error() : 0;
}

int32_t sys_datagram_receive(int32_t fd, uint32_t offset, uint32_t limit, uint32_t from)
{
    struct sockaddr_in sender;
    ssize_t length;
    do {
        socklen_t size = sizeof sender;
        length =
            recvfrom(fd, engine_bytes(offset, limit), limit, MSG_DONTWAIT, (struct sockaddr *)&sender, &size);
    } while (length < 0 && errno == EINTR);
    if (length < 0)
        return sys_error();
    uint8_t *record = engine_bytes(from, 8);
    record_set(record, 0, ntohl(sender.sin_addr.s_addr));
    record_set(record, 4, ntohs(sender.sin_port));
    return (int32_t)length;
}
