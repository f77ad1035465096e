// What the demo shows: steps with a tick, progress bars that redraw in place on a terminal, and plain lines elsewhere.

const BAR_WIDTH = 30;
const LABEL_WIDTH = 44;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/** Progress lines that are not drawn in place come at every such part of the whole. */
const PLAIN_PART = 0.25;

const terminal = process.stdout.isTTY === true;
const coloured = terminal && process.env.NO_COLOR === undefined && process.env.TERM !== "dumb";

function style(code: string): (text: string) => string {
  return (text) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text);
}

export const bold = style("1");
export const dim = style("2");
export const green = style("32");
export const cyan = style("36");
const red = style("31");

export function line(text = ""): void {
  process.stdout.write(`${text}\n`);
}

/** "12.3 MB", decimal units. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** Bits per second as "812 Mbit/s". */
export function bitRate(bytes: number, seconds: number): string {
  const mega = (bytes * 8) / seconds / 1e6;
  return mega >= 1000 ? `${(mega / 1000).toFixed(2)} Gbit/s` : `${mega.toFixed(0)} Mbit/s`;
}

function bar(part: number): string {
  const eighths = Math.round(Math.min(1, part) * BAR_WIDTH * 8);
  const full = "█".repeat(eighths >> 3) + EIGHTHS[eighths & 7];
  return cyan(full) + dim("·".repeat(BAR_WIDTH - full.length));
}

/** One step of the demo: shown as running, then replaced by its outcome. */
export class Step {
  private readonly label: string;
  private shownParts = 0;

  constructor(label: string) {
    this.label = label;
    if (terminal) process.stdout.write(`  ${cyan("›")} ${label}`);
  }

  private replace(text: string): void {
    process.stdout.write(terminal ? `\r\x1b[2K${text}` : text);
  }

  /** Draws a progress bar; `part` is 0 … 1, `note` stands behind it. */
  progress(part: number, note: string): void {
    if (terminal) {
      const percent = `${Math.floor(part * 100)} %`.padStart(5);
      this.replace(`  ${cyan("›")} ${this.label.padEnd(LABEL_WIDTH)}${bar(part)} ${percent}  ${dim(note)}`);
    } else if (part >= (this.shownParts + 1) * PLAIN_PART && part < 1) {
      this.shownParts = Math.floor(part / PLAIN_PART);
      line(`    ${this.label}: ${Math.floor(part * 100)} %, ${note}`);
    }
  }

  done(outcome: string): void {
    this.replace(`  ${green("✔")} ${this.label.padEnd(LABEL_WIDTH)}${outcome}\n`);
  }

  failed(): void {
    this.replace(`  ${red("✖")} ${this.label}\n`);
  }
}

/** Runs one step: `body` gets the step for progress and returns the outcome to show. */
export async function step<T>(
  label: string,
  body: (step: Step) => Promise<readonly [outcome: string, value: T]>,
): Promise<T> {
  const shown = new Step(label);
  try {
    const [outcome, value] = await body(shown);
    shown.done(outcome);
    return value;
  } catch (error) {
    shown.failed();
    throw error;
  }
}
