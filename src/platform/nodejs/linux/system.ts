// What Linux offers to the neutral files of this platform. A second system's folder has a file with the same exports.

export { writableWithoutCapabilities } from "./capabilities.ts";
export { fillRandom, systemClock } from "./clock.ts";
export { clockSynchronised } from "./clock-state.ts";
/** First u16 of a struct sockaddr_in. */
export { AF_INET as SOCKADDR_FAMILY, LOCK_NOW } from "./constants.ts";
export { datagramOpen, datagramReceive, datagramSend } from "./datagram.ts";
export { KernelTun } from "./kernel-tun.ts";
export { ListenPort } from "./listen-port.ts";
export { openRouteNetlink } from "./netlink.ts";
export { Privileges } from "./privileges.ts";
export { openRestoreEvents, readRestoreEvents } from "./restore-event.ts";
export { forbidDumps, keepOutOfDumps, keepOutOfSwap } from "./secret-memory.ts";
export { UdpReceiver } from "./udp-receive.ts";
export { UdpSender } from "./udp-send.ts";
export { enableGro, openUdpSocket, sendBuffer, supportsSegmentation } from "./udp-socket.ts";
