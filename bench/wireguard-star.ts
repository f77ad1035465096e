// wireguard-go as a contender: the same star, the same MTU, user-space WireGuard on every node.

import { writeFileSync } from "node:fs";
import { Lab } from "../lab/lab.ts";
import { ping } from "../lab/ping.ts";
import { must, until } from "../lab/process.ts";
import {
  A_OVERLAY,
  A_UNDERLAY,
  B_OVERLAY,
  B_UNDERLAY,
  HUB_OVERLAY,
  HUB_UNDERLAY_A,
  HUB_UNDERLAY_B,
  MTU,
  OVERLAY,
  PORT,
} from "../lab/star.ts";
import type { Contender } from "./contender.ts";

const UP_WITHIN_MS = 15000;
/** It refuses to start where a kernel module might exist, unless told so. */
const ENV = { WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD: "1", LOG_LEVEL: "error" };

interface Node {
  readonly ns: string;
  readonly overlay: string;
  readonly device: string;
  readonly publicKey: string;
  readonly keyFile: string;
}

let stars = 0;

/** Device names are also names of control sockets, which all namespaces share: they carry our process id. */
function prepare(lab: Lab, ns: string, overlay: string): Node {
  const keyFile = lab.path(ns, "private.key");
  const privateKey = must(["wg", "genkey"]);
  writeFileSync(keyFile, privateKey, { mode: 0o600 });
  const publicKey = must(["wg", "pubkey"], privateKey).trim();
  return { ns, overlay, device: `w${ns[0]}${stars}${process.pid}`, publicKey, keyFile };
}

function addPeer(lab: Lab, node: Node, peer: Node, allowed: string, endpoint: string): void {
  const words = ["peer", peer.publicKey, "allowed-ips", allowed, "endpoint", `${endpoint}:${PORT}`];
  must(lab.inside(node.ns, ["wg", "set", node.device, ...words]));
}

async function bringUp(lab: Lab, binary: string, node: Node): Promise<number> {
  const child = lab.start(node.ns, `wireguard-go ${node.ns}`, [binary, "-f", node.device], ENV);
  await until(`${node.device} to exist`, UP_WITHIN_MS, () => {
    return lab.exec(node.ns, ["wg", "show", node.device]).status === 0;
  });
  const settings = ["private-key", node.keyFile, "listen-port", String(PORT)];
  must(lab.inside(node.ns, ["wg", "set", node.device, ...settings]));
  lab.ip(node.ns, `addr add ${node.overlay}/24 dev ${node.device}`);
  lab.ip(node.ns, `link set ${node.device} mtu ${MTU} up`);
  return child.pid;
}

/** Brings up a star of wireguard-go nodes from one executable. */
export async function wireguardStar(binary: string, name: string): Promise<Contender> {
  stars++;
  const lab = new Lab(`wg${stars}`);
  try {
    for (const ns of ["hub", "a", "b"]) lab.addNamespace(ns);
    lab.connect(
      { ns: "a", dev: "u0", ip: `${A_UNDERLAY}/24` },
      { ns: "hub", dev: "ua", ip: `${HUB_UNDERLAY_A}/24` },
    );
    lab.connect(
      { ns: "b", dev: "u0", ip: `${B_UNDERLAY}/24` },
      { ns: "hub", dev: "ub", ip: `${HUB_UNDERLAY_B}/24` },
    );
    lab.sysctl("hub", "net.ipv4.ip_forward=1");
    const hub = prepare(lab, "hub", HUB_OVERLAY);
    const a = prepare(lab, "a", A_OVERLAY);
    const b = prepare(lab, "b", B_OVERLAY);
    const hubPid = await bringUp(lab, binary, hub);
    await bringUp(lab, binary, a);
    await bringUp(lab, binary, b);
    addPeer(lab, hub, a, `${A_OVERLAY}/32`, A_UNDERLAY);
    addPeer(lab, hub, b, `${B_OVERLAY}/32`, B_UNDERLAY);
    addPeer(lab, a, hub, OVERLAY, HUB_UNDERLAY_A);
    addPeer(lab, b, hub, OVERLAY, HUB_UNDERLAY_B);
    await until(`${name} to carry a ping`, UP_WITHIN_MS, () => {
      return ping(lab, "a", B_OVERLAY, { count: 1, waitSeconds: 1 }).received === 1;
    });
    return { name, lab, hubPid, close: () => lab.close() };
  } catch (error) {
    lab.close();
    throw error;
  }
}
