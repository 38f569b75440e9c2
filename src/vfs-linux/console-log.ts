/** The lines that the kernel has printed: the last of them are kept, and a listener gets each. */

const keptLines = 1000;
/** printk's time stamp. Nothing else stands before the text in this kernel's configuration. */
const stamp: RegExp = /^\[\s*\d+\.\d+\] ?/;

export class ConsoleLog {
  #lines: string[] = [];
  #partial = '';
  #total = 0;
  onLine: ((line: string) => void) | undefined;

  write(text: string): void {
    const parts = (this.#partial + text).split('\n');
    this.#partial = parts.pop() ?? '';
    for (const part of parts) {
      const line = part.replace(stamp, '');
      this.#lines.push(line);
      this.#total++;
      this.onLine?.(line);
    }
    if (this.#lines.length > keptLines * 2) this.#lines.splice(0, this.#lines.length - keptLines);
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

  last(count: number): string[] {
    return this.#lines.slice(-count);
  }
}
