// forward-bench: what forwarding costs beyond the AEAD, in process (tools.md §10).

import type { Host } from "../../core/host.ts";
import { STDOUT } from "../../core/sys.ts";
import { type Arguments, ToolFailure } from "../../core/tools/arguments.ts";
import type { Tool } from "../../core/tools/tool.ts";
import * as abi from "../../engine/abi.ts";
import {
  BENCH_VALUES,
  type BenchPlan,
  benchHead,
  benchLine,
  mustHold,
  nanoseconds,
  readBenchPlan,
  warmUp,
} from "./bench-lines.ts";
import { CryptoBench, SLOTS } from "./crypto-floor.ts";
import { A, A_ADDRESS, B, B_ADDRESS, BenchNode, HUB, HUB_ADDRESS } from "./forward-fixture.ts";

/** Datagrams of a batch: the receive buffers. */
const BATCH = abi.DEFAULT_RX_BUFFERS;
/** An id that no peer has. */
const NOBODY = 60000;

function spoke(): BenchNode {
  const node = new BenchNode(A, false);
  node.addPeer(A, HUB, "0.0.0.0/0");
  node.route("10.0.0.0/24", HUB);
  return node;
}

function hub(): BenchNode {
  const node = new BenchNode(HUB, false);
  node.addPeer(HUB, A, `${A_ADDRESS}/32`);
  node.addPeer(HUB, B, `${B_ADDRESS}/32`);
  node.route(`${HUB_ADDRESS}/32`, 0);
  node.route(`${A_ADDRESS}/32`, A);
  node.route(`${B_ADDRESS}/32`, B);
  node.route("10.0.0.0/24", 0, abi.ACTION_DROP);
  return node;
}

/** Has the spoke send packets to the hub, not handled yet. */
function send(from: BenchNode, to: BenchNode, count: number, size: number, destination: string): void {
  from.fillTun(count, size, A_ADDRESS, destination);
  from.tunBatch(count);
  mustHold(from.carryTo(to, A) === count, "a packet was not sealed");
}

/** A packet of peer 2 for peer 3 must be opened and go to peer 3. */
function checkRelay(size: number): void {
  const from = spoke();
  const to = hub();
  const third = new BenchNode(B, false);
  third.addPeer(B, HUB, "10.0.0.0/24");
  third.route(`${B_ADDRESS}/32`, 0);
  send(from, to, 1, size, B_ADDRESS);
  to.udpBatch(1);
  to.carryTo(third, HUB);
  mustHold(to.counter(abi.COUNTER_RELAY_PACKETS) === 1, "a packet from peer 2 was not routed to peer 3");
  third.udpBatch(1);
  mustHold(
    third.counter(abi.COUNTER_TUN_TX_PACKETS) === 0 && third.engine.call.tunStaged() === 1,
    "peer 3 did not open it",
  );
}

interface Costs {
  readonly floor: number;
  readonly forward: number;
}

function transmit(crypto: CryptoBench, { size, iters }: BenchPlan): Costs {
  const node = hub();
  const forward = nanoseconds(
    iters,
    BATCH,
    (count) => node.fillTun(count, size, HUB_ADDRESS, B_ADDRESS),
    (count) => {
      node.tunBatch(count);
      node.settle();
    },
  );
  mustHold(node.counter(abi.COUNTER_UDP_TX_PACKETS) === iters + warmUp(iters), "a packet was not sealed");
  return {
    floor: nanoseconds(
      iters,
      SLOTS,
      () => {},
      (count) => crypto.seal(count),
    ),
    forward,
  };
}

function receive(crypto: CryptoBench, { size, iters }: BenchPlan): Costs {
  const from = spoke();
  const to = hub();
  const forward = nanoseconds(
    iters,
    BATCH,
    // Every round has datagrams that the replay window has not seen.
    (count) => send(from, to, count, size, HUB_ADDRESS),
    (count) => {
      to.udpBatch(count);
      to.settle();
    },
  );
  mustHold(to.counter(abi.COUNTER_TUN_TX_PACKETS) === iters + warmUp(iters), "a datagram was not opened");
  const floor = nanoseconds(
    iters,
    SLOTS,
    (count) => crypto.seal(count),
    (count) => mustHold(crypto.open(count), "a sealed datagram does not open"),
  );
  return { floor, forward };
}

/** Cost of a datagram that nobody claims, with `peers` peers. */
function select(peers: number, obfuscate: boolean, { size, iters }: BenchPlan): number {
  const node = new BenchNode(HUB, obfuscate);
  for (let i = 0; i < peers; i++) node.addPeer(HUB, 2 + i, `10.${1 + (i >> 8)}.${i & 255}.2/32`);
  const datagram = new Uint8Array(size + abi.HEADER_LENGTH + abi.TAG_LENGTH).fill(0xa5);
  datagram.set([abi.WIRE_VERSION, 0, NOBODY & 255, NOBODY >> 8]);
  // A drain has so many scans, and its clock has to pay for them.
  const batch = obfuscate ? abi.SCAN_BUDGET : BATCH;
  const rounds = obfuscate ? Math.max(batch, Math.ceil(iters / peers)) : iters;
  const ns = nanoseconds(
    rounds,
    batch,
    (count) => {
      for (let i = 0; i < count; i++) node.place(i, datagram, NOBODY);
      node.tick(1000);
    },
    (count) => node.udpBatch(count),
  );
  mustHold(
    node.counter(abi.COUNTER_DROP_UDP_UNKNOWN_PEER) === rounds + warmUp(rounds),
    "a datagram was not tried with every key",
  );
  return ns;
}

function tax(way: string, floor: string, costs: Costs): string {
  const difference = (costs.forward - costs.floor).toFixed(0);
  const range = `${costs.floor.toFixed(0)} -> ${costs.forward.toFixed(0)} ns/op`;
  return `${way} forwarding tax: ${difference} ns/op over AEAD ${floor} (${range})\n`;
}

export const FORWARD_BENCH: Tool = {
  name: "forward-bench",
  help: `usage: subnetra forward-bench [--size BYTES] [--iters N] [--peers N]

  --size BYTES   of inner packet, 20 to 1452 (default 1400)
  --iters N      packets each way (default 200000)
  --peers N      of the node that looks for a sender (default ${abi.DEFAULT_PEERS}, the most)

One core, no input or output, in batches as the daemon has them. That a packet
from peer 2 reaches peer 3 is checked first.
`,
  grammar: { values: BENCH_VALUES.concat("--peers") },
  run(host: Host, args: Arguments): number {
    const plan = readBenchPlan(args, 20);
    const most = `--peers must be between 1 and ${abi.DEFAULT_PEERS}`;
    const peers = args.number("--peers", abi.DEFAULT_PEERS, abi.DEFAULT_PEERS, most);
    if (peers < 1) throw new ToolFailure(most);
    const print = (text: string): void => host.sys.print(STDOUT, text);
    checkRelay(plan.size);
    const crypto = new CryptoBench(host, plan.size);
    mustHold(crypto.roundTrip(), "a sealed datagram does not open");
    print(benchHead("forward-bench", plan));
    const tx = transmit(crypto, plan);
    print(benchLine("seal floor (tx)", tx.floor, plan.size) + benchLine("tx-forward", tx.forward, plan.size));
    const rx = receive(crypto, plan);
    print(benchLine("open floor (rx)", rx.floor, plan.size) + benchLine("rx-forward", rx.forward, plan.size));
    print(tax("tx", "seal", tx) + tax("rx", "open", rx));
    print(`ingress peer-selection (obfuscation de-mux): peers=${peers}\n`);
    const clear = select(peers, false, plan);
    const sweep = select(peers, true, plan);
    print(benchLine("cleartext select", clear) + benchLine("obfusc. junk sweep", sweep));
    const each = ((sweep - clear) / peers).toFixed(1);
    print(`  difference: ${(sweep - clear).toFixed(0)} ns/op, ${each} ns per peer\n`);
    return 0;
  },
};
