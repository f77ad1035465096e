/**
 * Reads an unsigned integer of plain decimal digits without a leading zero from text[start … end).
 *
 * @param max largest accepted value, at most 2^32 - 1
 * @returns the value, or -1 when the text is anything else or above `max`
 */
export function parseDecimal(text: string, start: number, end: number, max: number): number {
  if (end <= start || end - start > 10) return -1;
  if (text.charCodeAt(start) === 0x30 && end - start > 1) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value <= max ? value : -1;
}
