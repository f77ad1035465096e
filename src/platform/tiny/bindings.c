/*
 * The Sys calls as JavaScript functions.
 *
 * A JavaScript string crossing this boundary is a byte string: one character 0…255 per byte. Duktape keeps
 * strings in UTF-8, so a byte above 127 is two bytes inside.
 */

#include "bindings.h"

#include "abi.h"
#include "engine.h"
#include "sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Longest text in either direction: what a unix datagram may carry. Pages that no text reaches cost nothing.
 */
#define TEXT_LENGTH ABI_UNIX_TEXT_LIMIT
#define PATH_LENGTH 4352u

static char text[TEXT_LENGTH];
static char expanded[2 * TEXT_LENGTH];

/* Pushes bytes as a byte string. */
static void push_bytes(duk_context *ctx, const char *bytes, size_t length)
{
    size_t used = 0;
    if (length > TEXT_LENGTH)
        length = TEXT_LENGTH;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte < 0x80) {
            expanded[used++] = (char)byte;
            continue;
        }
        expanded[used++] = (char)(0xc0 | byte >> 6);
        expanded[used++] = (char)(0x80 | (byte & 0x3f));
    }
    duk_push_lstring(ctx, expanded, used);
}

/* The bytes of a string argument: how many were written, at most `capacity`. `*cut` says whether there are
 * more. */
static size_t get_bytes(duk_context *ctx, duk_idx_t index, char *out, size_t capacity, int *cut)
{
    duk_size_t length;
    const char *in = duk_require_lstring(ctx, index, &length);
    size_t used = 0;
    *cut = 0;
    for (size_t i = 0; i < length; i++) {
        if (used == capacity) {
            *cut = 1;
            break;
        }
        unsigned char byte = (unsigned char)in[i];
        if (byte >= 0x80 && i + 1 < length)
            byte = (unsigned char)(byte << 6 | (in[++i] & 0x3f));
        out[used++] = (char)byte;
    }
    return used;
}

/* A path argument with its NUL, or NULL when it is too long for any system call. */
static const char *get_path(duk_context *ctx, duk_idx_t index, char *out)
{
    int cut;
    size_t length = get_bytes(ctx, index, out, PATH_LENGTH - 1, &cut);
    out[length] = 0;
    return cut ? NULL : out;
}

static duk_ret_t give(duk_context *ctx, int32_t result)
{
    duk_push_int(ctx, result);
    return 1;
}

/* ENAMETOOLONG as every platform's core knows it. */
#define PATH_TOO_LONG (-ABI_ENAMETOOLONG)

static duk_ret_t bind_env(duk_context *ctx)
{
    char name[PATH_LENGTH];
    const char *path = get_path(ctx, 0, name);
    const char *value = path == NULL ? NULL : getenv(path);
    if (value == NULL)
        return 0;
    push_bytes(ctx, value, strlen(value));
    return 1;
}

static duk_ret_t bind_print(duk_context *ctx)
{
    int cut;
    size_t length = get_bytes(ctx, 1, text, sizeof text, &cut);
    sys_print(duk_get_int(ctx, 0), text, length);
    return 0;
}

static duk_ret_t bind_exit(duk_context *ctx)
{
    exit(duk_get_int(ctx, 0));
}

static duk_ret_t bind_drop_privileges(duk_context *ctx)
{
    sys_watch_restores();
    return give(ctx, sys_drop_privileges());
}

static duk_ret_t bind_clock(duk_context *ctx)
{
    sys_clock(duk_get_uint(ctx, 0));
    return 0;
}

static duk_ret_t bind_random(duk_context *ctx)
{
    return give(ctx, sys_random(duk_get_uint(ctx, 0), duk_get_uint(ctx, 1)));
}

static duk_ret_t bind_open(duk_context *ctx)
{
    char path[PATH_LENGTH];
    if (get_path(ctx, 0, path) == NULL)
        return give(ctx, PATH_TOO_LONG);
    return give(ctx, sys_open(path, duk_get_int(ctx, 1)));
}

static duk_ret_t bind_read(duk_context *ctx)
{
    return give(ctx, sys_read(duk_get_int(ctx, 0), duk_get_uint(ctx, 1), duk_get_uint(ctx, 2)));
}

static duk_ret_t bind_read_text(duk_context *ctx)
{
    size_t limit = duk_get_uint(ctx, 1);
    int32_t length = sys_read_text(duk_get_int(ctx, 0), text, limit < sizeof text ? limit : sizeof text);
    if (length < 0)
        return give(ctx, length);
    push_bytes(ctx, text, (size_t)length);
    return 1;
}

static duk_ret_t bind_write(duk_context *ctx)
{
    return give(ctx, sys_write(duk_get_int(ctx, 0), duk_get_uint(ctx, 1), duk_get_uint(ctx, 2)));
}

static duk_ret_t bind_fsync(duk_context *ctx)
{
    return give(ctx, sys_fsync(duk_get_int(ctx, 0)));
}

static duk_ret_t bind_close(duk_context *ctx)
{
    return give(ctx, sys_close(duk_get_int(ctx, 0)));
}

static duk_ret_t bind_rename(duk_context *ctx)
{
    char from[PATH_LENGTH], to[PATH_LENGTH];
    if (get_path(ctx, 0, from) == NULL || get_path(ctx, 1, to) == NULL)
        return give(ctx, PATH_TOO_LONG);
    return give(ctx, sys_rename(from, to));
}

static duk_ret_t bind_unlink(duk_context *ctx)
{
    char path[PATH_LENGTH];
    if (get_path(ctx, 0, path) == NULL)
        return give(ctx, PATH_TOO_LONG);
    return give(ctx, sys_unlink(path));
}

static duk_ret_t bind_mkdir(duk_context *ctx)
{
    char path[PATH_LENGTH];
    if (get_path(ctx, 0, path) == NULL)
        return give(ctx, PATH_TOO_LONG);
    return give(ctx, sys_mkdir(path, duk_get_int(ctx, 1)));
}

static duk_ret_t bind_tun_open(duk_context *ctx)
{
    char name[PATH_LENGTH];
    get_path(ctx, 0, name);
    /* From here on the engine keeps its layout, as Sys promises. */
    sys_keep_keys_out_of_swap();
    return give(ctx, sys_tun_open(name));
}

static duk_ret_t bind_netlink_open(duk_context *ctx)
{
    return give(ctx, sys_netlink_open());
}

static duk_ret_t bind_tun_name(duk_context *ctx)
{
    push_bytes(ctx, sys_tun_name(), strlen(sys_tun_name()));
    return 1;
}

static duk_ret_t bind_tun_vnet(duk_context *ctx)
{
    return give(ctx, sys_tun_vnet());
}

static duk_ret_t bind_tun_receive(duk_context *ctx)
{
    return give(ctx, sys_tun_receive());
}

static duk_ret_t bind_tun_send(duk_context *ctx)
{
    sys_tun_send(duk_get_uint(ctx, 0));
    return 0;
}

static duk_ret_t bind_udp_open(duk_context *ctx)
{
    return give(ctx, sys_udp_open(duk_get_uint(ctx, 0)));
}

static duk_ret_t bind_udp_buffer(duk_context *ctx)
{
    return give(ctx, sys_udp_buffer());
}

static duk_ret_t bind_udp_drops(duk_context *ctx)
{
    duk_push_number(ctx, sys_udp_drops());
    return 1;
}

static duk_ret_t bind_udp_segments(duk_context *ctx)
{
    return give(ctx, sys_udp_segments());
}

static duk_ret_t bind_udp_receive(duk_context *ctx)
{
    return give(ctx, sys_udp_receive(duk_get_uint(ctx, 0)));
}

static duk_ret_t bind_udp_send(duk_context *ctx)
{
    sys_udp_send(duk_get_uint(ctx, 0));
    return 0;
}

static duk_ret_t bind_datagram_open(duk_context *ctx)
{
    return give(ctx, sys_datagram_open(duk_get_uint(ctx, 0), duk_get_int(ctx, 1)));
}

static duk_ret_t bind_datagram_send(duk_context *ctx)
{
    return give(ctx, sys_datagram_send(duk_get_int(ctx, 0), duk_get_uint(ctx, 1), duk_get_uint(ctx, 2),
                                       duk_get_uint(ctx, 3), duk_get_uint(ctx, 4)));
}

static duk_ret_t bind_datagram_receive(duk_context *ctx)
{
    return give(ctx, sys_datagram_receive(duk_get_int(ctx, 0), duk_get_uint(ctx, 1), duk_get_uint(ctx, 2),
                                          duk_get_uint(ctx, 3)));
}

static duk_ret_t bind_wait(duk_context *ctx)
{
    return give(ctx, sys_wait(duk_get_int(ctx, 0)));
}

static duk_ret_t bind_stat(duk_context *ctx)
{
    char path[PATH_LENGTH];
    if (get_path(ctx, 0, path) == NULL)
        return give(ctx, PATH_TOO_LONG);
    return give(ctx, sys_stat(path, duk_get_uint(ctx, 1)));
}

static duk_ret_t bind_fstat(duk_context *ctx)
{
    return give(ctx, sys_fstat(duk_get_int(ctx, 0), duk_get_uint(ctx, 1)));
}

static duk_ret_t bind_lock(duk_context *ctx)
{
    return give(ctx, sys_lock(duk_get_int(ctx, 0)));
}

static duk_ret_t bind_user_id(duk_context *ctx)
{
    return give(ctx, sys_user_id());
}

static duk_ret_t bind_milliseconds(duk_context *ctx)
{
    duk_push_number(ctx, (duk_double_t)sys_milliseconds());
    return 1;
}

static duk_ret_t bind_unix_open(duk_context *ctx)
{
    return give(ctx, sys_unix_open(duk_get_int(ctx, 0)));
}

/* An address may hold NULs: its length counts. */
#define ADDRESS_LENGTH 256u

static duk_ret_t bind_unix_bind(duk_context *ctx)
{
    char path[ADDRESS_LENGTH];
    int cut;
    size_t length = get_bytes(ctx, 1, path, sizeof path, &cut);
    return give(ctx, sys_unix_bind(duk_get_int(ctx, 0), path, length, duk_get_int(ctx, 2)));
}

static duk_ret_t bind_unix_connect(duk_context *ctx)
{
    char address[ADDRESS_LENGTH];
    int cut;
    size_t length = get_bytes(ctx, 1, address, sizeof address, &cut);
    return give(ctx, sys_unix_connect(duk_get_int(ctx, 0), address, length));
}

static duk_ret_t bind_unix_send(duk_context *ctx)
{
    char address[ADDRESS_LENGTH];
    int cut;
    size_t address_length = get_bytes(ctx, 2, address, sizeof address, &cut);
    size_t length = get_bytes(ctx, 1, text, sizeof text, &cut);
    if (cut)
        return give(ctx, -ABI_EMSGSIZE);
    return give(ctx, sys_unix_send(duk_get_int(ctx, 0), text, length, address, address_length));
}

static duk_ret_t bind_unix_receive(duk_context *ctx)
{
    size_t limit = duk_get_uint(ctx, 1);
    int32_t length = sys_unix_receive(duk_get_int(ctx, 0), text, limit < sizeof text ? limit : sizeof text);
    if (length < 0)
        return give(ctx, length);
    push_bytes(ctx, text, (size_t)length);
    return 1;
}

static duk_ret_t bind_unix_sender(duk_context *ctx)
{
    size_t length;
    const char *address = sys_unix_sender(&length);
    push_bytes(ctx, address, length);
    return 1;
}

/* This program never restarts itself. */
static duk_ret_t bind_unix_inherited(duk_context *ctx)
{
    return give(ctx, -ABI_ENOENT);
}

static duk_ret_t bind_poll(duk_context *ctx)
{
    return give(ctx, sys_poll(duk_get_int(ctx, 0), duk_get_int(ctx, 1), duk_get_int(ctx, 2)));
}

static duk_ret_t bind_watch_control(duk_context *ctx)
{
    sys_watch_control(duk_get_int(ctx, 0));
    return 0;
}

static duk_ret_t bind_close_all(duk_context *ctx)
{
    (void)ctx;
    sys_close_all();
    return 0;
}

static const duk_function_list_entry sys_functions[] = {
    {"env", bind_env, 1},
    {"print", bind_print, 2},
    {"dropPrivileges", bind_drop_privileges, 0},
    {"clock", bind_clock, 1},
    {"random", bind_random, 2},
    {"open", bind_open, 2},
    {"read", bind_read, 3},
    {"readText", bind_read_text, 2},
    {"write", bind_write, 3},
    {"fsync", bind_fsync, 1},
    {"close", bind_close, 1},
    {"rename", bind_rename, 2},
    {"unlink", bind_unlink, 1},
    {"mkdir", bind_mkdir, 2},
    {"tunOpen", bind_tun_open, 1},
    {"netlinkOpen", bind_netlink_open, 0},
    {"tunName", bind_tun_name, 0},
    {"tunVnet", bind_tun_vnet, 0},
    {"tunReceive", bind_tun_receive, 0},
    {"tunSend", bind_tun_send, 1},
    {"udpOpen", bind_udp_open, 1},
    {"udpSegments", bind_udp_segments, 0},
    {"udpBuffer", bind_udp_buffer, 0},
    {"udpDrops", bind_udp_drops, 0},
    {"udpReceive", bind_udp_receive, 1},
    {"udpSend", bind_udp_send, 1},
    {"datagramOpen", bind_datagram_open, 2},
    {"datagramSend", bind_datagram_send, 5},
    {"datagramReceive", bind_datagram_receive, 4},
    {"wait", bind_wait, 1},
    {"stat", bind_stat, 2},
    {"fstat", bind_fstat, 2},
    {"lock", bind_lock, 1},
    {"userId", bind_user_id, 0},
    {"milliseconds", bind_milliseconds, 0},
    {"unixOpen", bind_unix_open, 1},
    {"unixBind", bind_unix_bind, 3},
    {"unixConnect", bind_unix_connect, 2},
    {"unixSend", bind_unix_send, 3},
    {"unixReceive", bind_unix_receive, 2},
    {"unixSender", bind_unix_sender, 0},
    {"unixInherited", bind_unix_inherited, 1},
    {"poll", bind_poll, 3},
    {"watchControl", bind_watch_control, 1},
    {"closeAll", bind_close_all, 0},
    {NULL, NULL, 0},
};

static void put_arguments(duk_context *ctx, int argc, char **argv)
{
    duk_push_array(ctx);
    for (int i = 0; i < argc; i++) {
        push_bytes(ctx, argv[i], strlen(argv[i]));
        duk_put_prop_index(ctx, -2, (duk_uarridx_t)i);
    }
    duk_put_prop_string(ctx, -2, "argv");
}

void bind_native(duk_context *ctx, int argc, char **argv)
{
    duk_push_object(ctx);
    put_arguments(ctx, argc, argv);
    duk_push_c_function(ctx, bind_exit, 1);
    duk_put_prop_string(ctx, -2, "exit");
    duk_push_string(ctx, engine_variant);
    duk_put_prop_string(ctx, -2, "variant");

    duk_push_object(ctx);
    duk_put_function_list(ctx, -1, sys_functions);
    duk_push_string(ctx, "linux");
    duk_put_prop_string(ctx, -2, "os");
    duk_push_int(ctx, little16(AF_INET));
    duk_put_prop_string(ctx, -2, "sockaddrFamily");
    duk_push_boolean(ctx, BIG_ENDIAN_HOST);
    duk_put_prop_string(ctx, -2, "bigEndian");
    duk_put_prop_string(ctx, -2, "sys");

    push_engine(ctx);
    duk_put_prop_string(ctx, -2, "engine");
    duk_put_global_string(ctx, "native");
}
