/**
 * What a copy did, what it left out, and what failed: for people while it runs, for programs at its
 * end.
 */
import { type ErrorDescription, print } from '../../observe/messages.ts';
import { typeName } from '../file-types.ts';
import { count, formatSize } from '../format.ts';
import type { Loss } from './sides.ts';

/** Failures kept for --json. All of them are counted, and written to standard error at once. */
const maxFailures = 1000;

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

  /** Counts an entry; `type` is S_IFREG or its like. */
  copied(type: number): void {
    const name = typeName(type);
    this.#entries.set(name, (this.#entries.get(name) ?? 0) + 1);
  }

  /** Counts a failure and prints it at once. */
  failed(path: string, { code, why, advice }: ErrorDescription): void {
    this.#failed++;
    if (this.#failures.length < maxFailures) this.#failures.push({ path, code });
    print(`fsbridge: ${path}: ${why} (${code})\n${advice}\n`);
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
