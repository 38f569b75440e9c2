/**
 * What a copy did, what it left out, and what failed: for people as it goes, for programs at the
 * end.
 */
import type { ErrorDescription } from '../../observe/messages.ts';
import { count, formatSize } from '../format.ts';
import type { EntryType, Loss } from './sides.ts';

/** Failures kept for --json; all of them are counted, and written to standard error at once. */
const failuresMost = 1000;

interface LossCount {
  entries: number;
  readonly first: string;
}

export interface CopySummary {
  readonly entries: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly failed: number;
  readonly failures: readonly { readonly path: string; readonly code: string }[];
  /** What the target does not keep: how many entries lost it, and why. */
  readonly lost: readonly {
    readonly what: string;
    readonly code: string;
    readonly entries: number;
    readonly first: string;
  }[];
}

export class CopyReport {
  bytes = 0;
  #entries = new Map<string, number>();
  #failures: { path: string; code: string }[] = [];
  #failed = 0;
  #losses = new Map<string, LossCount>();

  get failedEntries(): number {
    return this.#failed;
  }

  copied(type: EntryType): void {
    this.#entries.set(type, (this.#entries.get(type) ?? 0) + 1);
  }

  failed(path: string, told: ErrorDescription): void {
    this.#failed++;
    if (this.#failures.length < failuresMost) this.#failures.push({ path, code: told.code });
    process.stderr.write(`fsbridge: ${path}: ${told.why} (${told.code})\n${told.advice}\n`);
  }

  lost(path: string, loss: Loss): void {
    const key = `${loss.what}\0${loss.code}`;
    const known = this.#losses.get(key);
    if (known === undefined) this.#losses.set(key, { entries: 1, first: path });
    else known.entries++;
  }

  summary(): CopySummary {
    return {
      entries: Object.fromEntries(this.#entries),
      bytes: this.bytes,
      failed: this.#failed,
      failures: this.#failures,
      lost: [...this.#losses].map(([key, { entries, first }]) => {
        const [what = '', code = ''] = key.split('\0');
        return { what, code, entries, first };
      }),
    };
  }

  /** Each kind of loss as a sentence. */
  warnings(): string[] {
    return this.summary().lost.map(({ what, code, entries, first }) => {
      const many = count(entries, 'entry', 'entries');
      return `${what} could not be set for ${many}, first ${first} (${code})`;
    });
  }

  /** "412 files (17.2 MiB), 33 directories, 2 symbolic links". */
  sentence(): string {
    const names: Readonly<Record<string, readonly [string, string]>> = {
      file: ['file', 'files'],
      directory: ['directory', 'directories'],
      symlink: ['symbolic link', 'symbolic links'],
    };
    const parts: string[] = [];
    let others = 0;
    for (const [type, number] of this.#entries) {
      const name = names[type];
      if (name === undefined) others += number;
      else
        parts.push(
          count(number, ...name) + (type === 'file' ? ` (${formatSize(this.bytes)})` : ''),
        );
    }
    if (others > 0)
      parts.push(count(others, 'device, fifo or socket', 'devices, fifos and sockets'));
    return parts.length === 0 ? 'nothing' : parts.join(', ');
  }
}
