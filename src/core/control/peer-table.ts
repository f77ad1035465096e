// `subnetra peers` (control-protocol.md §13): the peers of `status --json` as a table for people, at most 80 columns wide.
//
// Our replies and the original's have no spaces, and quotes inside of names are escaped: so fields are found by their
// names, in one pass of the engine below and not character by character in JavaScript, which a router would feel.

const WIDTH = 80;
/** A name that has to be cut is at least this long, and ends with CUT. */
const SHORTEST_NAME = 4;
const CUT = "~";

const TITLES = ["NAME", "ID", "ENDPOINT", "STATE", "HEARD", "RECEIVED", "SENT", "LOST", "DROPS"];
const NAME = 0;
/** Columns of figures stand to the right. */
const RIGHT = [false, true, false, false, true, true, true, true, true];

const OPEN_PEER = '{"id":';
const BEHIND_PEERS = '],"counters":{';

const SECONDS_PER_MINUTE = 60;
const SECONDS_PER_HOUR = 3600;
const SECONDS_PER_DAY = 86400;
const MANY_DAYS = 100;

/** The peers in a part of `status --json` that begins and ends between two of them, each as its text. */
export function peerTexts(part: string): string[] {
  const end = part.indexOf(BEHIND_PEERS);
  const texts = (end < 0 ? part : part.substring(0, end)).split(OPEN_PEER);
  texts.shift();
  return texts;
}

/** Whether a peer's text says that it is online. */
export function isOnline(peer: string): boolean {
  return peer.indexOf(',"online":true') >= 0;
}

/** The cells of a peer's row. */
export function peerRow(peer: string): string[] {
  const age = numberAt(peer, "last_seen_age_seconds");
  return [
    nameIn(peer),
    peer.substring(0, peer.indexOf(",")),
    textAt(peer, "endpoint"),
    isOnline(peer) ? "online" : age === "" ? "never" : "silent",
    age === "" ? "-" : agoText(Number(age)),
    bytesText(numberAt(peer, "rx_bytes")),
    bytesText(numberAt(peer, "tx_bytes")),
    countText(numberAt(peer, "lost_packets")),
    countText(numberAt(peer, "drops")),
  ];
}

/** Rows under their titles, every line ending with a newline. */
export function peerTable(rows: readonly string[][]): string {
  const widths: number[] = [];
  for (let c = 0; c < TITLES.length; c++) {
    let width = TITLES[c]!.length;
    for (let i = 0; i < rows.length; i++) width = Math.max(width, rows[i]![c]!.length);
    widths.push(width);
  }
  let others = 0;
  for (let c = 1; c < widths.length; c++) others += 1 + widths[c]!;
  widths[NAME] = Math.max(SHORTEST_NAME, Math.min(widths[NAME]!, WIDTH - others));
  const lines = [tableLine(TITLES, widths)];
  for (let i = 0; i < rows.length; i++) lines.push(tableLine(rows[i]!, widths));
  return lines.join("");
}

function tableLine(cells: readonly string[], widths: readonly number[]): string {
  const parts: string[] = [];
  for (let c = 0; c < cells.length; c++) {
    const width = widths[c]!;
    const text = cells[c]!;
    const cell = text.length > width ? text.substring(0, width - 1) + CUT : text;
    const padding = spaces(width - cell.length);
    parts.push(RIGHT[c] ? padding + cell : cell + padding);
  }
  return `${parts.join(" ")}\n`;
}

function spaces(count: number): string {
  return "                                                                                ".substring(
    0,
    count,
  );
}

/** Digits of a number, "" where it is null or absent: an older daemon does not have all. */
function numberAt(peer: string, name: string): string {
  const key = `,"${name}":`;
  const at = peer.indexOf(key);
  if (at < 0) return "";
  const from = at + key.length;
  let end = from;
  while (peer.charCodeAt(end) >= 0x30 && peer.charCodeAt(end) <= 0x39) end++;
  return peer.substring(from, end);
}

/** A text that holds no quotes. */
function textAt(peer: string, name: string): string {
  const key = `,"${name}":"`;
  const at = peer.indexOf(key);
  if (at < 0) return "";
  return peer.substring(at + key.length, peer.indexOf('"', at + key.length));
}

/** The name, printable ASCII, without the backslashes in front of quotes and backslashes. */
function nameIn(peer: string): string {
  const key = ',"name":"';
  const at = peer.indexOf(key);
  const end = peer.indexOf('","endpoint":"');
  if (at < 0 || end < at + key.length) return "";
  const name = peer.substring(at + key.length, end);
  if (name.indexOf("\\") < 0) return name;
  const parts: string[] = [];
  for (let i = 0; i < name.length; i++) {
    if (name.charAt(i) === "\\") i++;
    parts.push(name.charAt(i));
  }
  return parts.join("");
}

/** How long ago, in words. */
export function agoText(seconds: number): string {
  if (seconds < SECONDS_PER_MINUTE) return `${seconds} s ago`;
  if (seconds < SECONDS_PER_HOUR) return `${Math.floor(seconds / SECONDS_PER_MINUTE)} min ago`;
  if (seconds < SECONDS_PER_DAY) return `${Math.floor(seconds / SECONDS_PER_HOUR)} h ago`;
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  if (days >= MANY_DAYS) return `${MANY_DAYS}+ days`;
  return days === 1 ? "1 day ago" : `${days} days ago`;
}

/** Bytes with a unit, at most six characters; "-" for an unknown number. */
export function bytesText(digits: string): string {
  if (digits === "") return "-";
  return digits.length <= 3
    ? `${digits} B`
    : scaled(Number(digits), [" kB", " MB", " GB", " TB", " PB", " EB"]);
}

/** A count, shortened from six digits on; "-" for an unknown number. */
export function countText(digits: string): string {
  if (digits === "") return "-";
  return digits.length <= 5 ? digits : scaled(Number(digits), ["k", "M", "G", "T", "P", "E"]);
}

/** A number from 1000 on in thousands, millions …: two significant digits or three. */
function scaled(value: number, units: readonly string[]): string {
  let rest = value / 1000;
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  const text = rest < 9.95 ? rest.toFixed(1) : String(Math.round(rest));
  return text + units[unit]!;
}
