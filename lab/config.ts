// Configuration documents of lab nodes.

import { randomBytes } from "node:crypto";

export interface PeerConfig {
  id: number;
  name?: string;
  endpoint: string;
  allowed_src: string | string[];
  keepalive_secs?: number;
  psk: string;
}

export interface NodeConfig {
  role?: "manual" | "hub" | "spoke";
  local_id: number;
  local_tun_mtu?: number;
  listen_port?: number;
  listen_ports?: number[];
  virtual_subnet?: string;
  local_tun_ip?: string;
  local_routes?: string[];
  remote_routes?: string[];
  keepalive_secs?: number;
  obfuscate?: boolean;
  log?: "events" | "quiet";
  max_peers?: number;
  max_rules?: number;
  peers: PeerConfig[];
}

/** A fresh link key: 64 hex digits. */
export function newKey(): string {
  return randomBytes(32).toString("hex");
}
