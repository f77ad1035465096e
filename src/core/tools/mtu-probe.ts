// mtu-probe: the path MTU between two hosts, from what arrives and not from what ICMP says (tools.md §7).

import { REGION_SCRATCH } from "../../engine/abi.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../config/endpoint.ts";
import { parseDecimal } from "../decimal.ts";
import { EMSGSIZE, errnoOf, POLL_READ, STDOUT, stageOf, UDP_BIND, UDP_DONT_FRAGMENT } from "../sys.ts";
import { type Arguments, ToolFailure } from "./arguments.ts";
import {
  ANSWER,
  ANSWER_LENGTH,
  describePathMtu,
  IP_UDP,
  LARGEST,
  PROBE,
  readMessage,
  SMALLEST,
  searchPathMtu,
  writeMessage,
} from "./path-mtu.ts";
import type { Tool, ToolHost } from "./tool.ts";

const DEFAULT_PORT = 18020;
const U16 = 65535;
/** Limit of --tries, --timeout-ms and --secs. */
const MANY = 1000000;
/** Longest wait of one poll. */
const POLL_MS = 60000;

/** Places behind the start of the scratch: what is sent, what is received, its sender. */
const OUT = 0;
const IN = 65536;
const FROM = 131072;

/** Opens the socket. @throws ToolFailure */
function open({ sys }: ToolHost, port: number, dontFragment: number): number {
  const fd = sys.datagramOpen(port, dontFragment);
  if (fd >= 0) return fd;
  if (stageOf(fd) === UDP_DONT_FRAGMENT)
    throw new ToolFailure(
      "could not set the IPv4 Don't-Fragment bit (results would be meaningless)",
      "SocketFailed",
    );
  if (stageOf(fd) === UDP_BIND)
    throw new ToolFailure("bind() failed (port in use or insufficient privilege)", "BindFailed");
  throw new ToolFailure(`no UDP socket (errno ${errnoOf(fd)})`, "SocketFailed");
}

/** Waits until the socket is readable or the moment `end` has come. False when it has. */
function readable({ sys }: ToolHost, fd: number, end: number): boolean {
  const left = Math.ceil(end - sys.milliseconds());
  if (left <= 0) return false;
  sys.poll(fd, POLL_READ, Math.min(left, POLL_MS));
  return true;
}

function respond(host: ToolHost, port: number, seconds: number): number {
  const { engine, sys } = host;
  const at = engine.call.region(REGION_SCRATCH);
  const fd = open(host, port, 0);
  try {
    sys.print(STDOUT, `mtu-probe: responder listening on 0.0.0.0:${port} (Ctrl-C to stop)\n`);
    const end = seconds === 0 ? Infinity : sys.milliseconds() + seconds * 1000;
    while (readable(host, fd, end)) {
      const length = sys.datagramReceive(fd, at + IN, U16, at + FROM);
      const probe = length < 0 ? null : readMessage(engine.u8, at + IN, length);
      if (probe === null || probe.type !== PROBE) continue;
      const { nonce, number } = probe;
      writeMessage(engine.u8, at + OUT, { type: ANSWER, nonce, number, received: length });
      const from = (at + FROM) >> 2;
      // An answer that does not leave is a probe lost.
      sys.datagramSend(fd, engine.u32[from]!, engine.u32[from + 1]!, at + OUT, ANSWER_LENGTH);
    }
    return 0;
  } finally {
    sys.close(fd);
  }
}

interface ProbePlan {
  readonly target: Endpoint;
  readonly floor: number;
  readonly ceil: number;
  readonly tries: number;
  readonly timeoutMs: number;
  readonly verbose: boolean;
}

class Prober {
  private readonly host: ToolHost;
  private readonly plan: ProbePlan;
  private readonly fd: number;
  private readonly at: number;
  private readonly nonce: number;
  private number = 0;

  constructor(host: ToolHost, plan: ProbePlan, fd: number) {
    this.host = host;
    this.plan = plan;
    this.fd = fd;
    this.at = host.engine.call.region(REGION_SCRATCH);
    if (host.sys.random(this.at + OUT, 4) < 0)
      throw new ToolFailure("secure entropy source unavailable", "EntropyUnavailable");
    this.nonce = host.engine.u32[(this.at + OUT) >> 2]!;
  }

  /** Whether a packet of `size` bytes arrives. */
  passes(size: number): boolean {
    let passed = false;
    for (let i = 0; i < this.plan.tries && !passed; i++) {
      const sent = this.send(size);
      // Larger than the interface takes: no other try will fare better.
      if (errnoOf(sent) === EMSGSIZE && sent < 0) break;
      passed = sent >= 0 && this.answered(size);
    }
    if (this.plan.verbose) this.host.sys.print(STDOUT, `  probe ${size}B ... ${passed ? "ok" : "drop"}\n`);
    return passed;
  }

  private send(size: number): number {
    const { engine, sys } = this.host;
    const { address, port } = this.plan.target;
    this.number++;
    const message = { type: PROBE, nonce: this.nonce, number: this.number, received: 0 };
    writeMessage(engine.u8, this.at + OUT, message);
    return sys.datagramSend(this.fd, address, port, this.at + OUT, size - IP_UDP);
  }

  /** Waits for the answer to the probe sent last. */
  private answered(size: number): boolean {
    const { engine, sys } = this.host;
    const end = sys.milliseconds() + this.plan.timeoutMs;
    while (readable(this.host, this.fd, end)) {
      const length = sys.datagramReceive(this.fd, this.at + IN, U16, this.at + FROM);
      const answer = length < 0 ? null : readMessage(engine.u8, this.at + IN, length);
      if (answer === null || answer.type !== ANSWER || answer.nonce !== this.nonce) continue;
      if (answer.number === this.number && answer.received === size - IP_UDP) return true;
    }
    return false;
  }
}

function probe(host: ToolHost, plan: ProbePlan): number {
  const { sys } = host;
  const { target, floor, ceil, tries, timeoutMs } = plan;
  const fd = open(host, 0, 1);
  try {
    const prober = new Prober(host, plan, fd);
    const name = formatEndpoint(target.address, target.port);
    const how = `DF=on tries=${tries} timeout=${timeoutMs}ms`;
    sys.print(STDOUT, `mtu-probe: probing ${name}  range=${floor}..${ceil} (path MTU)  ${how}\n`);
    const mtu = searchPathMtu(floor, ceil, (size) => prober.passes(size));
    if (mtu < 0) {
      const why =
        `NO RESPONSE at the floor (${floor}B). Responder not running/reachable, all\n` +
        `  probes dropped, or the path MTU is below ${floor}. Lower --floor or check the link.`;
      throw new ToolFailure(why, "NoResponse");
    }
    sys.print(STDOUT, describePathMtu(mtu, ceil));
    return 0;
  } finally {
    sys.close(fd);
  }
}

/** @throws ToolFailure */
function listenPort(text: string): number {
  if (text === "") return DEFAULT_PORT;
  const port = parseDecimal(text, 0, text.length, U16);
  if (port < 0) throw new ToolFailure("invalid --listen PORT");
  if (port === 0) throw new ToolFailure("--listen PORT must be non-zero");
  return port;
}

/** A whole number of `least` … `most`. @throws ToolFailure */
function between(args: Arguments, flag: string, fallback: number, least: number, most: number): number {
  const complaint = `${flag} must be between ${least} and ${most}`;
  const value = args.number(flag, fallback, most, complaint);
  if (value < least) throw new ToolFailure(complaint);
  return value;
}

function readProbePlan(text: string, args: Arguments): ProbePlan {
  const target = parseEndpoint(text);
  if (target === null) throw new ToolFailure("invalid --probe IP:PORT");
  // What is shorter than a probe cannot be sent.
  const floor = Math.max(SMALLEST, between(args, "--floor", 576, 0, LARGEST));
  const ceil = between(args, "--ceil", 1500, 1, LARGEST);
  if (floor > ceil) throw new ToolFailure("--floor must not exceed --ceil");
  const tries = between(args, "--tries", 3, 1, MANY);
  const timeoutMs = between(args, "--timeout-ms", 1000, 1, MANY);
  return { target, floor, ceil, tries, timeoutMs, verbose: args.has("--verbose") };
}

export const MTU_PROBE: Tool = {
  name: "mtu-probe",
  help: `usage: subnetra mtu-probe --listen [PORT] [--secs N]
       subnetra mtu-probe --probe IP:PORT [--floor N] [--ceil N] [--tries N]
                          [--timeout-ms N] [--verbose]

  --listen PORT    answer probes (default port ${DEFAULT_PORT})
  --secs N         for so long; 0, the default, until killed
  --probe IP:PORT  measure the path to a host that listens
  --floor, --ceil  sizes of IPv4 packets to search between (576 and 1500)
  --tries N        probes per size (3)
  --timeout-ms N   wait for an answer (1000)
  --verbose        print each size that was tried

Run the one end with --listen, the other with --probe. It uses a UDP socket of
its own: stop the daemon, or use another port and open it in the firewall.
ICMP is not relied on. Probes are neither encrypted nor obfuscated.

Example:
  subnetra mtu-probe --listen 18021                   (on the hub)
  subnetra mtu-probe --probe 192.0.2.1:18021          (on a spoke)
`,
  grammar: {
    values: ["--secs", "--probe", "--floor", "--ceil", "--tries", "--timeout-ms"],
    optional: ["--listen"],
    switches: ["--verbose"],
  },
  run(host: ToolHost, args: Arguments): number {
    const listen = args.value("--listen");
    const target = args.value("--probe");
    if (listen !== null && target !== null)
      throw new ToolFailure("choose one role \xe2\x80\x94 --listen OR --probe, not both");
    if (listen !== null) return respond(host, listenPort(listen), between(args, "--secs", 0, 0, MANY));
    if (target === null)
      throw new ToolFailure("a role is required (--listen [PORT] or --probe IP:PORT). See --help.");
    return probe(host, readProbePlan(target, args));
  },
};
