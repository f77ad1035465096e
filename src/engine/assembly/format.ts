// Numbers that JavaScript cannot hold, written for people.

/** Writes a u64 in decimal to `out` (up to 20 bytes). Returns the length. */
export function writeDecimal(value: u64, out: usize): u32 {
  let digits: u32 = 1;
  for (let rest = value / 10; rest != 0; rest /= 10) digits++;
  let rest = value;
  for (let i = digits; i > 0; i--) {
    store<u8>(out + i - 1, 48 + <u32>(rest % 10));
    rest /= 10;
  }
  return digits;
}
