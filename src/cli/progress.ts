/**
 * One line on standard error that shows the progress of a long command: only on a terminal, only
 * after a second, and gone when the command ends.
 */
import { count, formatSize } from './format.ts';

const firstMs = 1000;
const everyMs = 200;
const barCells = 24;

export class Progress {
  readonly #totalBytes: number | undefined;
  readonly #started = performance.now();
  #entries = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #shown = false;

  /** totalBytes: the whole, where it is known; it may be a rough number. */
  constructor(totalBytes?: number) {
    this.#totalBytes = totalBytes;
    if (process.stderr.isTTY !== true) return;
    this.#timer = setTimeout(() => {
      this.#show();
      this.#timer = setInterval(() => this.#show(), everyMs);
      this.#timer.unref();
    }, firstMs);
    this.#timer.unref();
  }

  /** Counts entries and bytes that are done. */
  readonly add = (entries: number, bytes: number): void => {
    this.#entries += entries;
    this.#bytes += bytes;
  };

  /** Removes the line. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#shown) process.stderr.write('\r\x1b[K');
    this.#shown = false;
  }

  #show(): void {
    const seconds = (performance.now() - this.#started) / 1000;
    const width = (process.stderr.columns ?? 80) - 1;
    const text = progressText({
      entries: this.#entries,
      bytes: this.#bytes,
      totalBytes: this.#totalBytes,
      seconds,
    });
    this.#shown = true;
    process.stderr.write(`\r${text.slice(0, width)}\x1b[K`);
  }
}

export interface ProgressState {
  readonly entries: number;
  readonly bytes: number;
  readonly totalBytes: number | undefined;
  readonly seconds: number;
}

/**
 * "[######------] 50%  12 entries  1.0 MiB  512.0 KiB/s"; without the bar where the whole is not
 * known.
 */
export function progressText(state: ProgressState): string {
  const { entries, bytes, totalBytes, seconds } = state;
  const rate = formatSize(Math.round(bytes / Math.max(seconds, 0.001)));
  const facts = `${count(entries, 'entry', 'entries')}  ${formatSize(bytes)}  ${rate}/s`;
  if (totalBytes === undefined || totalBytes <= 0) return facts;
  const part = Math.min(bytes / totalBytes, 1);
  const full = Math.floor(part * barCells);
  const bar = `[${'#'.repeat(full)}${'-'.repeat(barCells - full)}]`;
  return `${bar} ${String(Math.floor(part * 100)).padStart(3)}%  ${facts}`;
}
