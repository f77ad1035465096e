// What every Sys promises, as one suite that each implementation runs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Rtnetlink } from "../../../src/core/rtnetlink.ts";
import {
  EACCES,
  EADDRINUSE,
  EAGAIN,
  EBADF,
  ECONNREFUSED,
  EEXIST,
  EMSGSIZE,
  ENAMETOOLONG,
  ENOENT,
  EPERM,
  EPROTONOSUPPORT,
  errnoOf,
  OPEN_CREATE,
  OPEN_DIRECTORY,
  OPEN_LOCK,
  OPEN_PUBLIC,
  OPEN_READ,
  POLL_READ,
  READY_CONTROL,
  READY_UDP,
  STAT_DEVICE,
  STAT_LENGTH,
  STAT_MODE,
  STAT_OWNER,
  STAT_TYPE,
  type Sys,
  stageOf,
  TYPE_DIRECTORY,
  TYPE_FILE,
  TYPE_SOCKET,
  UDP_BIND,
  UNIX_SEND_BUFFER,
  UNIX_TEXT_LIMIT,
} from "../../../src/core/sys.ts";
import { MAX_MESSAGES, REGION_CLOCK, REGION_SCRATCH } from "../../../src/engine/abi.ts";
import type { Engine } from "../../../src/engine/exports.ts";
import { batch, receive, Stage } from "./staging.ts";

const ENODEV = 19;

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

/** What stat or fstat wrote. */
function statusOf(engine: Engine, call: (offset: number) => number) {
  const at = engine.call.region(REGION_SCRATCH);
  engine.u8.fill(0xff, at, at + STAT_LENGTH);
  assert.equal(call(at), 0);
  const word = (field: number) => engine.u32[(at + field) >> 2]!;
  const identity = Buffer.from(engine.u8.slice(at + STAT_DEVICE, at + STAT_LENGTH)).toString("hex");
  return { type: word(STAT_TYPE), mode: word(STAT_MODE), owner: word(STAT_OWNER), identity };
}

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
        const out = sys.open(`${path}.tmp`, OPEN_CREATE);
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
      "what the receive buffer has no room for is counted",
      onUdp(({ sys, engine }, to) => {
        const stage = new Stage(engine);
        while (stage.count < MAX_MESSAGES) stage.udp(sys, to, [bytes(2, stage.count)]);
        assert.equal(sys.udpDrops(), 0);
        const rounds = 60;
        for (let i = 0; i < rounds; i++) sys.udpSend(MAX_MESSAGES);
        let received = 0;
        while ((sys.wait(200) & READY_UDP) !== 0) {
          const count = batch(engine, sys.udpReceive(0)).length;
          assert.ok(count > 0);
          received += count;
        }
        const dropped = sys.udpDrops();
        assert.ok(dropped > 0, `all of ${received} were received`);
        assert.equal(received + dropped, rounds * MAX_MESSAGES);
        // Of all sockets, and nothing is counted twice.
        assert.equal(sys.udpOpen(nextPort++), 1);
        assert.equal(sys.udpDrops(), dropped);
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
      "a file is created only where nothing is, and its status tells what it is",
      on(({ sys, engine, directory }) => {
        const path = `${directory}/new`;
        const fd = sys.open(path, OPEN_CREATE);
        assert.ok(fd >= 0);
        const status = statusOf(engine, (at) => sys.stat(path, at));
        assert.deepEqual([status.type, status.mode, status.owner], [TYPE_FILE, 0o600, sys.userId()]);
        assert.deepEqual(
          statusOf(engine, (at) => sys.fstat(fd, at)),
          status,
        );
        assert.equal(sys.close(fd), 0);
        assert.equal(sys.open(path, OPEN_CREATE), -EEXIST);
        const shown = sys.open(`${directory}/shown`, OPEN_PUBLIC);
        assert.ok(shown >= 0);
        assert.equal(statusOf(engine, (at) => sys.fstat(shown, at)).mode, 0o644);
        assert.equal(sys.close(shown), 0);
        assert.equal(sys.open(`${directory}/shown`, OPEN_PUBLIC), -EEXIST);
        const other = sys.open(`${directory}/other`, OPEN_LOCK);
        assert.ok(other >= 0);
        const otherStatus = statusOf(engine, (at) => sys.fstat(other, at));
        assert.equal(otherStatus.mode, 0o600);
        assert.notEqual(otherStatus.identity, status.identity);
        assert.equal(sys.lock(other), 0);
        assert.equal(sys.close(other), 0);
        assert.equal(statusOf(engine, (at) => sys.stat(directory, at)).type, TYPE_DIRECTORY);
        assert.equal(sys.stat(`${directory}/absent`, engine.call.region(REGION_SCRATCH)), -ENOENT);
      }),
    );

    test(
      "a socket file has its mode, and says whether somebody listens",
      on(({ sys, engine, directory }) => {
        const path = `${directory}/control.sock`;
        const fd = sys.unixOpen(UNIX_SEND_BUFFER);
        assert.ok(fd >= 0);
        assert.equal(sys.unixInherited(path), -ENOENT);
        assert.equal(sys.unixBind(fd, path, 0o600), 0);
        const status = statusOf(engine, (at) => sys.stat(path, at));
        assert.deepEqual([status.type, status.mode, status.owner], [TYPE_SOCKET, 0o600, sys.userId()]);
        const rival = sys.unixOpen(0);
        assert.equal(sys.unixBind(rival, path, 0o600), -EADDRINUSE);
        assert.equal(sys.unixConnect(rival, path), 0);
        assert.equal(sys.close(fd), 0);
        assert.equal(sys.unixSend(rival, "anybody?", ""), -ECONNREFUSED);
        assert.equal(sys.unixConnect(rival, path), -ECONNREFUSED);
        assert.equal(sys.unlink(path), 0);
        assert.equal(sys.unixConnect(rival, path), -ENOENT);
        assert.equal(sys.unixConnect(rival, "x".repeat(200)), -ENAMETOOLONG);
        assert.equal(sys.close(rival), 0);
      }),
    );

    test(
      "a request arrives with its sender, who gets a reply of any length",
      on(({ sys, directory }) => {
        const path = `${directory}/control.sock`;
        const daemon = sys.unixOpen(UNIX_SEND_BUFFER);
        sys.watchControl(daemon);
        assert.equal(sys.unixBind(daemon, path, 0o600), 0);
        assert.equal(sys.unixReceive(daemon, 4096), -EAGAIN);
        assert.equal(sys.wait(0) & READY_CONTROL, 0);
        const client = sys.unixOpen(0);
        assert.equal(sys.unixConnect(client, path), 0);
        assert.equal(sys.unixBind(client, "", 0o600), 0);
        assert.equal(sys.unixReceive(client, 4096), -EAGAIN);
        assert.equal(sys.poll(client, POLL_READ, 0), 0);
        assert.equal(sys.unixSend(client, "x".repeat(4097), ""), 0);
        assert.equal(sys.unixSend(client, "y".repeat(4096), ""), 0);
        assert.equal(sys.unixSend(client, "status \0\xff", ""), 0);
        assert.notEqual(sys.wait(1000) & READY_CONTROL, 0);
        assert.equal(sys.unixReceive(daemon, 4096), -EMSGSIZE);
        assert.equal(sys.unixReceive(daemon, 4096), "y".repeat(4096));
        assert.equal(sys.unixReceive(daemon, 4096), "status \0\xff");
        const sender = sys.unixSender();
        assert.equal(sender.charCodeAt(0), 0);
        for (const reply of [`${"r".repeat(400_000)}\xfe\n`, "short"]) {
          assert.equal(sys.unixSend(daemon, reply, sender), 0);
          assert.equal(sys.poll(client, POLL_READ, 2000), 1);
          assert.equal(sys.unixReceive(client, UNIX_TEXT_LIMIT), reply);
        }
        assert.equal(sys.unixSend(daemon, "x".repeat(UNIX_TEXT_LIMIT + 1), sender), -EMSGSIZE);
        assert.equal(sys.unixReceive(daemon, 4096), -EAGAIN);
        sys.close(client);
        assert.equal(sys.unixSend(daemon, "too late", sender), -ECONNREFUSED);
        sys.watchControl(-1);
        sys.close(daemon);
        sys.unlink(path);
      }),
    );

    test(
      "a connected socket hears nobody but the other end",
      on(({ sys, directory }) => {
        const daemon = sys.unixOpen(0);
        assert.equal(sys.unixBind(daemon, `${directory}/control.sock`, 0o600), 0);
        const client = sys.unixOpen(0);
        assert.equal(sys.unixConnect(client, `${directory}/control.sock`), 0);
        assert.equal(sys.unixBind(client, `${directory}/client.sock`, 0o600), 0);
        const forger = sys.unixOpen(0);
        assert.equal(sys.unixSend(forger, "forged", `${directory}/client.sock`), -EPERM);
        assert.equal(sys.unixReceive(client, 4096), -EAGAIN);
        assert.equal(sys.unixSend(client, "status", ""), 0);
        assert.equal(sys.unixReceive(daemon, 4096), "status");
        assert.equal(sys.unixSender(), `${directory}/client.sock`);
        assert.equal(sys.unixSend(daemon, "genuine", sys.unixSender()), 0);
        assert.equal(sys.unixReceive(client, 4096), "genuine");
        for (const fd of [daemon, client, forger]) assert.equal(sys.close(fd), 0);
        for (const name of ["control", "client"]) sys.unlink(`${directory}/${name}.sock`);
      }),
    );

    test(
      "an unbound sender is heard and has no address",
      on(({ sys, directory }) => {
        const path = `${directory}/control.sock`;
        const daemon = sys.unixOpen(0);
        assert.equal(sys.unixBind(daemon, path, 0o600), 0);
        const client = sys.unixOpen(0);
        assert.equal(sys.unixConnect(client, path), 0);
        assert.equal(sys.unixSend(client, "policy add", ""), 0);
        assert.equal(sys.close(client), 0);
        assert.equal(sys.unixReceive(daemon, 4096), "policy add");
        assert.equal(sys.unixSender(), "");
        sys.close(daemon);
        sys.unlink(path);
      }),
    );

    test(
      "route netlink knows the loopback interface and names one that is not there, or there is none",
      on(({ sys, engine }) => {
        const fd = sys.netlinkOpen();
        if (fd < 0) {
          assert.equal(fd, -EPROTONOSUPPORT);
          assert.match(name, /^(sim|fake)/);
          return;
        }
        // It never waits by itself.
        assert.equal(sys.read(fd, engine.call.region(REGION_SCRATCH), 4096), -EAGAIN);
        const kernel = new Rtnetlink(engine, sys, fd);
        const loopback = kernel.linkIndex("lo");
        assert.ok(loopback > 0, `${loopback}`);
        assert.equal(kernel.linkName(loopback), "lo");
        assert.equal(kernel.linkIndex("snr-none"), -ENODEV);
        kernel.close();
        assert.equal(sys.read(fd, engine.call.region(REGION_SCRATCH), 4096), -EBADF);
      }),
    );

    test(
      "poll waits as long as asked",
      on(({ sys }) => {
        const before = sys.milliseconds();
        assert.equal(sys.poll(-1, 0, 50), 0);
        const passed = sys.milliseconds() - before;
        assert.ok(passed >= 49 && passed < 5000, `${passed} ms`);
      }),
    );
  });
}
