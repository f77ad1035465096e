// udp-blast: sends datagrams as fast as the kernel takes them (tools.md §8).

import { formatEndpoint, parseEndpoint } from "../../core/config/endpoint.ts";
import { STDOUT } from "../../core/sys.ts";
import { type Arguments, ToolFailure } from "../../core/tools/arguments.ts";
import type { Tool, ToolHost } from "../../core/tools/tool.ts";
import { REGION_SCRATCH } from "../../engine/abi.ts";

const U32 = 4294967295;
const MAX_PAYLOAD = 65507;
const IP_UDP = 28;
/** Attempts between two looks at the clock. */
const CLOCK_EVERY = 1024;
const PAUSE_MS = 0.05;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function clamped(args: Arguments, flag: string, fallback: number, least: number, most: number): number {
  const value = args.number(flag, fallback, U32, `${flag} must be an integer`);
  return Math.min(most, Math.max(least, value));
}

export const UDP_BLAST: Tool = {
  name: "udp-blast",
  help: `usage: subnetra udp-blast --dst IP:PORT [--size BYTES] [--secs N] [--count N]

  --dst IP:PORT  where to; mind that it gets all of it
  --size BYTES   of UDP payload, 1 to 65507 (default 1372: a packet of 1400)
  --secs N       how long (default 5)
  --count N      how many at most; 0, the default, for as long as it takes

The figure is what was offered. What arrived, the daemons' counters say.
`,
  grammar: { values: ["--dst", "--size", "--secs", "--count"] },
  run({ engine, sys }: ToolHost, args: Arguments): number {
    const target = parseEndpoint(args.required("--dst", "IP:PORT"));
    if (target === null) throw new ToolFailure("invalid --dst IP:PORT");
    const { address, port } = target;
    const size = clamped(args, "--size", 1372, 1, MAX_PAYLOAD);
    const secs = clamped(args, "--secs", 5, 1, U32);
    const count = clamped(args, "--count", 0, 0, U32) || Infinity;
    const payload = engine.call.region(REGION_SCRATCH);
    for (let i = 0; i < size; i++) engine.u8[payload + i] = i;
    const fd = sys.datagramOpen(0, 0);
    if (fd < 0) throw new ToolFailure("no UDP socket", "SocketFailed");
    let sent = 0;
    let errors = 0;
    const began = sys.milliseconds();
    const end = began + secs * 1000;
    for (let i = 1; sent < count; i++) {
      if (sys.datagramSend(fd, address, port, payload, size) >= 0) sent++;
      else {
        errors++;
        Atomics.wait(sleeper, 0, 0, PAUSE_MS);
      }
      if (i % CLOCK_EVERY === 0 && sys.milliseconds() >= end) break;
    }
    const seconds = Math.max(1e-6, (sys.milliseconds() - began) / 1000);
    sys.close(fd);
    const dst = formatEndpoint(address, port);
    const how = `payload=${size}B inner=${size + IP_UDP}B secs=${seconds.toFixed(2)}`;
    const gbps = (sent * size * 8) / seconds / 1e9;
    sys.print(
      STDOUT,
      `udp-blast: dst=${dst} ${how} sent=${sent} errs=${errors}\n` +
        `  offered: ${Math.floor(sent / seconds)} pps, ${gbps.toFixed(3)} Gbps (${sent * size} bytes)\n`,
    );
    return 0;
  },
};
