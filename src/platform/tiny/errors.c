/* Error numbers: MIPS has its own, core knows those of Linux on x86. */

#include "abi.h"
#include "sys.h"

#include <errno.h>

#ifdef __mips__
/* The canonical number of an errno above 34, where the MIPS numbers part from the others. */
static int canonical(int number)
{
    switch (number) {
    case ENAMETOOLONG:
        return 36;
    case ENOSYS:
        return 38;
    case ENOTEMPTY:
        return 39;
    case ELOOP:
        return 40;
    case EOVERFLOW:
        return 75;
    case ENOTSOCK:
        return 88;
    case EMSGSIZE:
        return 90;
    case EPROTOTYPE:
        return 91;
    case ENOPROTOOPT:
        return 92;
    case EPROTONOSUPPORT:
        return 93;
    case EOPNOTSUPP:
        return 95;
    case EAFNOSUPPORT:
        return 97;
    case EADDRINUSE:
        return 98;
    case EADDRNOTAVAIL:
        return 99;
    case ENETDOWN:
        return 100;
    case ENETUNREACH:
        return 101;
    case ECONNRESET:
        return 104;
    case ENOBUFS:
        return 105;
    case ENOTCONN:
        return 107;
    case ETIMEDOUT:
        return 110;
    case ECONNREFUSED:
        return 111;
    case EHOSTUNREACH:
        return 113;
    case EINPROGRESS:
        return 115;
    default:
        return number <= ERANGE ? number : EIO;
    }
}
#else
static int canonical(int number)
{
    return number;
}
#endif

int32_t sys_error(void)
{
    return -canonical(errno);
}

int32_t sys_error_at(int32_t stage)
{
    return -(stage * ABI_STAGE + canonical(errno));
}
