/**
 * The lines that the kernel has printed: the last of them are kept, and a listener gets each. The
 * kernel puts the level of each line before it (console_msg_format=syslog in its command line).
 */

const keptLines = 1000;
/** printk's level and time stamp. Nothing else stands before the text in this configuration. */
const prefix: RegExp = /^(?:<(\d+)>)?(?:\[\s*\d+\.\d+\] ?)?/;
/** The low three bits of the number before a line are its level, the others its facility. */
const levelMask = 7;

/** The levels of syslog(2) that stand for damage; a smaller number is more severe. */
export const severity = { critical: 2, error: 3 } as const;

interface SevereLine {
  readonly index: number;
  readonly level: number;
  readonly text: string;
}

export class ConsoleLog {
  #lines: string[] = [];
  /** The first lines at level err and above: the cause stands at their beginning. */
  #severe: SevereLine[] = [];
  #partial = '';
  #total = 0;
  onLine: ((line: string) => void) | undefined;

  write(text: string): void {
    const parts = (this.#partial + text).split('\n');
    this.#partial = parts.pop() ?? '';
    for (const part of parts) this.#add(part);
    if (this.#lines.length > keptLines * 2) this.#lines.splice(0, this.#lines.length - keptLines);
  }

  #add(part: string): void {
    const [before = '', number] = prefix.exec(part) ?? [];
    const text = part.slice(before.length);
    const level = number === undefined ? levelMask : Number(number) & levelMask;
    if (level <= severity.error && this.#severe.length < keptLines) {
      this.#severe.push({ index: this.#total, level, text });
    }
    this.#lines.push(text);
    this.#total++;
    this.onLine?.(text);
  }

  /** The present end of the log, for `since`. */
  mark(): number {
    return this.#total;
  }

  /** The lines printed since the mark, of those that are kept. */
  since(mark: number): string[] {
    const count = this.#total - mark;
    return count <= 0 ? [] : this.#lines.slice(-count);
  }

  /**
   * The first lines between two marks that are at this level of `severity` or a more severe one.
   */
  severe(level: number, from: number, to: number = this.#total): string[] {
    return this.#severe
      .filter((line) => line.level <= level && line.index >= from && line.index < to)
      .map((line) => line.text);
  }

  last(count: number): string[] {
    return this.#lines.slice(-count);
  }
}
