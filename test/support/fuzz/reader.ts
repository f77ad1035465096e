// An input read as a program: every byte string is one, and a changed byte is a changed step.

export class Reader {
  private readonly input: Uint8Array;
  private at = 0;

  constructor(input: Uint8Array) {
    this.input = input;
  }

  get done(): boolean {
    return this.at >= this.input.length;
  }

  /** The next byte, 0 behind the end. */
  u8(): number {
    return this.input[this.at++] ?? 0;
  }

  u16(): number {
    return this.u8() | (this.u8() << 8);
  }

  /** Up to `length` bytes; fewer at the end of the input. */
  bytes(length: number): Uint8Array {
    const part = this.input.slice(this.at, this.at + length);
    this.at += length;
    return part;
  }
}
