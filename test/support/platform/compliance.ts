// What every Sys promises, as one suite that each implementation runs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  EACCES,
  EEXIST,
  ENOENT,
  errnoOf,
  OPEN_DIRECTORY,
  OPEN_READ,
  OPEN_WRITE_PRIVATE,
  READY_CONTROL,
  READY_UDP,
  type Sys,
  stageOf,
  UDP_BIND,
} from "../../../src/core/sys.ts";
import { REGION_CLOCK, REGION_SCRATCH } from "../../../src/engine/abi.ts";
import type { Engine } from "../../../src/engine/exports.ts";
import { batch, receive, Stage } from "./staging.ts";

/** A machine to try: one Sys with an engine of its own. */
export interface Machine {
  readonly sys: Sys;
  readonly engine: Engine;
  /** IPv4 address at which this machine reaches its own sockets. */
  readonly address: string;
  /** A directory (a byte string) for files and sockets of the test. */
  readonly directory: string;
  dispose(): void;
}

const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17 + length) & 255);

/** Runs the suite over machines that `make` sets up. */
export function complianceSuite(name: string, firstPort: number, make: () => Machine): void {
  let nextPort = firstPort;
  const on = (run: (machine: Machine) => void) => () => {
    const machine = make();
    try {
      run(machine);
    } finally {
      machine.sys.closeAll();
      machine.dispose();
    }
  };
  /** A machine whose socket 0 is bound to `port`. */
  const onUdp = (run: (machine: Machine, to: { address: string; port: number }) => void) =>
    on((machine) => {
      const port = nextPort++;
      assert.equal(machine.sys.udpOpen(port), 0);
      run(machine, { address: machine.address, port });
    });

  describe(`Sys: ${name}`, () => {
    test(
      "the clock is after 2024 and its monotonic part never goes back",
      on(({ sys, engine }) => {
        const at = engine.call.region(REGION_CLOCK);
        const view = new DataView(engine.u8.buffer, at, 32);
        let before = -1n;
        for (let i = 0; i < 100; i++) {
          engine.u8.fill(0xff, at, at + 32);
          sys.clock(at);
          assert.ok(view.getBigUint64(0, true) > 1_704_067_200n);
          assert.ok(view.getBigUint64(8, true) < 1_000_000_000n);
          assert.ok(view.getBigUint64(24, true) < 1_000_000_000n);
          const now = view.getBigUint64(16, true) * 1_000_000_000n + view.getBigUint64(24, true);
          assert.ok(now >= before);
          before = now;
        }
      }),
    );

    test(
      "random fills exactly the bytes asked for",
      on(({ sys, engine }) => {
        const at = engine.call.region(REGION_SCRATCH);
        engine.u8.fill(0, at, at + 64);
        assert.equal(sys.random(at + 16, 32), 0);
        assert.ok(engine.u8.slice(at + 16, at + 48).some((b) => b !== 0));
        assert.deepEqual(
          [...engine.u8.slice(at, at + 16), ...engine.u8.slice(at + 48, at + 64)],
          Array(32).fill(0),
        );
      }),
    );

    test(
      "files are written, renamed, read to their end and removed",
      on(({ sys, engine, directory }) => {
        const at = engine.call.region(REGION_SCRATCH);
        const path = `${directory}/caf\xc3\xa9 \xff`;
        assert.equal(sys.open(path, OPEN_READ), -ENOENT);
        const out = sys.open(`${path}.tmp`, OPEN_WRITE_PRIVATE);
        assert.ok(out >= 0);
        engine.u8.set([1, 2, 3, 4, 5], at);
        assert.equal(sys.write(out, at, 5), 5);
        assert.equal(sys.fsync(out), 0);
        assert.equal(sys.close(out), 0);
        assert.equal(sys.rename(`${path}.tmp`, path), 0);
        assert.equal(sys.rename(`${path}.tmp`, path), -ENOENT);
        const folder = sys.open(directory, OPEN_DIRECTORY);
        assert.ok(folder >= 0);
        assert.equal(sys.fsync(folder), 0);
        assert.equal(sys.close(folder), 0);
        engine.u8.fill(0, at, at + 16);
        const input = sys.open(path, OPEN_READ);
        assert.equal(sys.read(input, at, 3), 3);
        assert.equal(sys.read(input, at + 3, 100), 2);
        assert.equal(sys.read(input, at + 5, 100), 0);
        assert.deepEqual([...engine.u8.slice(at, at + 6)], [1, 2, 3, 4, 5, 0]);
        assert.equal(sys.close(input), 0);
        assert.equal(sys.unlink(path), 0);
        assert.equal(sys.unlink(path), -ENOENT);
        assert.equal(sys.mkdir(directory, 0o755), -EEXIST);
      }),
    );

    test(
      "a datagram arrives whole, with the sender's address",
      onUdp(({ sys, engine }, to) => {
        const stage = new Stage(engine);
        const sent = [bytes(1, 1), bytes(36, 2), bytes(1472, 3), bytes(2048, 4)];
        for (const datagram of sent) stage.udp(sys, to, [datagram]);
        sys.udpSend(stage.count);
        const received = receive(sys, engine, sent.length);
        assert.deepEqual(
          received.map((r) => r.data.toString("hex")),
          sent.map((d) => Buffer.from(d).toString("hex")),
        );
        for (const r of received) assert.deepEqual(r.from, to);
        for (let p = 0; p < sent.length; p++) assert.equal(stage.status(p), 0);
        assert.equal(sys.udpReceive(0), 0);
      }),
    );

    test(
      "a message of several datagrams arrives as these datagrams",
      onUdp(({ sys, engine }, to) => {
        if (sys.udpSegments() === 0) return;
        for (const [count, size, last] of [
          [2, 100, 100],
          [64, 100, 1],
          [40, 1472, 700],
          [3, 1, 1],
        ] as const) {
          const stage = new Stage(engine);
          const sent = Array.from({ length: count }, (_, i) => bytes(i === count - 1 ? last : size, i));
          stage.udp(sys, to, sent);
          sys.udpSend(1);
          const received = receive(sys, engine, count);
          assert.deepEqual(
            received.map((r) => r.data.toString("hex")),
            sent.map((d) => Buffer.from(d).toString("hex")),
          );
        }
      }),
    );

    test(
      "more datagrams than a batch holds arrive over several batches, in order",
      onUdp(({ sys, engine }, to) => {
        const stage = new Stage(engine);
        const sent = Array.from({ length: 100 }, (_, i) => bytes(40 + i, i));
        for (const datagram of sent) stage.udp(sys, to, [datagram]);
        sys.udpSend(stage.count);
        const received = receive(sys, engine, sent.length);
        assert.deepEqual(
          received.map((r) => r.data.toString("hex")),
          sent.map((d) => Buffer.from(d).toString("hex")),
        );
      }),
    );

    test(
      "a refused datagram costs only itself",
      onUdp(({ sys, engine }, to) => {
        const stage = new Stage(engine);
        const refused = { address: "255.255.255.255", port: to.port };
        const pieces: number[] = [];
        for (const destination of [refused, to, refused, refused, to, refused])
          pieces.push(stage.udp(sys, destination, [bytes(50, pieces.length)]));
        sys.udpSend(stage.count);
        assert.deepEqual(
          pieces.map((p) => stage.status(p)),
          [EACCES, 0, EACCES, EACCES, 0, EACCES],
        );
        assert.equal(receive(sys, engine, 2).length, 2);
      }),
    );

    test(
      "each socket sends from its own port and receives its own datagrams",
      onUdp(({ sys, engine, address }, to) => {
        const other = { address, port: nextPort++ };
        assert.equal(sys.udpOpen(other.port), 1);
        const stage = new Stage(engine);
        stage.udp(sys, other, [bytes(10, 1)], 0);
        stage.udp(sys, to, [bytes(20, 2)], 1);
        stage.udp(sys, other, [bytes(30, 3)], 0);
        sys.udpSend(stage.count);
        const atOther = receive(sys, engine, 2, 1);
        assert.deepEqual(
          atOther.map((r) => r.data.length),
          [10, 30],
        );
        for (const r of atOther) assert.deepEqual(r.from, to);
        const atFirst = receive(sys, engine, 1, 0);
        assert.equal(atFirst[0]!.data.length, 20);
        assert.deepEqual(atFirst[0]!.from, other);
      }),
    );

    test(
      "a busy port is refused at the binding stage",
      onUdp(({ sys }, to) => {
        const result = sys.udpOpen(to.port);
        assert.ok(result < 0);
        assert.equal(stageOf(result), UDP_BIND);
        assert.ok(errnoOf(result) > 0);
      }),
    );

    test(
      "wait times out, and sees a datagram that came before it",
      onUdp(({ sys, engine }, to) => {
        assert.equal(sys.wait(0) & (READY_UDP | READY_CONTROL), 0);
        const stage = new Stage(engine);
        stage.udp(sys, to, [bytes(5, 5)]);
        sys.udpSend(1);
        assert.notEqual(sys.wait(1000) & READY_UDP, 0);
        assert.notEqual(sys.wait(1000) & READY_UDP, 0);
        assert.equal(batch(engine, sys.udpReceive(0)).length, 1);
        assert.equal(sys.wait(0) & READY_UDP, 0);
      }),
    );

    test(
      "a control request is answered, and one that is too long ignored",
      on(({ sys, directory }) => {
        const path = `${directory}/control.sock`;
        assert.equal(sys.controlProbe(path), -ENOENT);
        assert.equal(sys.controlBind(path), 0);
        assert.equal(sys.controlProbe(path), 0);
        assert.equal(sys.controlReceive(), null);
        assert.equal(sys.clientOpen(true), 0);
        assert.equal(sys.clientReceive(0), null);
        assert.equal(sys.clientSend(path, "x".repeat(4097)), 0);
        assert.equal(sys.clientSend(path, "y".repeat(4096)), 0);
        assert.equal(sys.clientSend(path, "status \xff"), 0);
        assert.notEqual(sys.wait(1000) & READY_CONTROL, 0);
        assert.equal(sys.controlReceive(), "");
        assert.equal(sys.controlReceive(), "y".repeat(4096));
        assert.equal(sys.controlReceive(), "status \xff");
        const reply = `${"r".repeat(400_000)}\xfe\n`;
        assert.equal(sys.controlReply(reply), 0);
        assert.equal(sys.controlReceive(), null);
        assert.equal(sys.clientReceive(2000), reply);
        sys.clientClose();
      }),
    );

    test(
      "an unbound client is heard but not answered",
      on(({ sys, directory }) => {
        const path = `${directory}/control.sock`;
        assert.equal(sys.controlBind(path), 0);
        assert.equal(sys.clientOpen(false), 0);
        assert.equal(sys.clientSend(path, "policy add"), 0);
        sys.clientClose();
        assert.equal(sys.controlReceive(), "policy add");
        assert.equal(sys.controlReply("nobody hears this"), 0);
      }),
    );

    test(
      "a client without a daemon learns why",
      on(({ sys, directory }) => {
        const path = `${directory}/control.sock`;
        assert.equal(sys.clientOpen(true), 0);
        assert.equal(sys.clientSend(path, "status"), -ENOENT);
        sys.clientClose();
        assert.equal(sys.clientOpen(false), 0);
        assert.equal(sys.clientSend(path, "status"), -ENOENT);
        sys.clientClose();
      }),
    );
  });
}
