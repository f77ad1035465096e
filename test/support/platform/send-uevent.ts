// Sends a uevent in this network namespace, for tests: node send-uevent.js FIELD PORT. With port id 0 the kernel itself
// passes it on, as its own; with another one it goes to that socket alone, as from this process.

import { bindSocket, recvfrom, sendto, socket } from "../../../src/platform/nodejs/libc.ts";
import { structures } from "../../../src/platform/nodejs/native-memory.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_KOBJECT_UEVENT = 15;
const HEADER = 16;
const SMALLEST_TYPE = 16;
/** NLM_F_REQUEST | NLM_F_ACK */
const FLAGS = 5;

const [field, port] = [process.argv[2]!, Number(process.argv[3])];
const event = Buffer.from(`change@/devices/x\0ACTION=change\0DEVPATH=/devices/x\0${field}\0`, "latin1");
const header = Buffer.alloc(HEADER);
header.writeUInt32LE(HEADER + event.length, 0);
header.writeUInt16LE(SMALLEST_TYPE, 4);
header.writeUInt16LE(FLAGS, 6);
const message = port === 0 ? Buffer.concat([header, event]) : event;

const address = structures.reserve(12);
const bytes = structures.reserve(message.length);
const reply = structures.reserve(256);
structures.u8.set(message, bytes);
structures.u32[address >> 2] = AF_NETLINK;
const fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
if (bindSocket(fd, structures.address(address), 12) !== 0) throw new Error("bind");
structures.u32[(address + 4) >> 2] = port;
if (sendto(fd, structures.address(bytes), message.length, 0, structures.address(address), 12) < 0)
  throw new Error("sendto");
if (port === 0) {
  // An acknowledgement is a header and an error number, 0 when the event went out.
  const length = recvfrom(fd, structures.address(reply), 256, 0, 0, 0);
  if (length < HEADER + 4 || structures.u32[(reply + HEADER) >> 2] !== 0) throw new Error("refused");
}
