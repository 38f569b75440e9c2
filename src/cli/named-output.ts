/**
 * Destinations of `get` that a person names and that are written through, as cp(1) does: `-` and
 * /dev/stdout, a symbolic link to a file, a fifo, a character device. Below a tree nothing is
 * written through.
 */
import type { Buffer } from 'node:buffer';
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { FsBridgeError } from '../errors.ts';
import { interruption } from '../host/interrupt.ts';
import { escapeName } from '../observe/display-names.ts';
import type { ContentSink } from './file-content.ts';
import { output } from './output.ts';

export interface NamedOutput {
  readonly isStdout: boolean;
  /** Whether it has a place of its own on a disk: then an entry could be put there instead. */
  readonly isFile: boolean;
  /** Opens it, and gives `use` what writes to it. */
  readonly withSink: (use: (sink: ContentSink) => Promise<void>) => Promise<void>;
}

const stdout: NamedOutput = {
  isStdout: true,
  isFile: false,
  withSink: (use) => use((bytes) => output.write(bytes)),
};

function statsOf(path: Buffer, follow: boolean): fs.BigIntStats | undefined {
  const options = { bigint: true, throwIfNoEntry: false } as const;
  return follow ? fs.statSync(path, options) : fs.lstatSync(path, options);
}

function isOurStdout(stats: fs.BigIntStats): boolean {
  const own = fs.fstatSync(1, { bigint: true });
  return own.dev === stats.dev && own.ino === stats.ino;
}

/** The output of that name; undefined if the destination is made or replaced as an entry. */
export function namedOutput(path: Buffer): NamedOutput | undefined {
  if (path.toString('latin1') === '-') return stdout;
  const itself = statsOf(path, false);
  if (itself === undefined || itself.isFile() || itself.isDirectory()) return undefined;
  const stats = statsOf(path, true);
  if (stats === undefined) {
    const why = 'it is a symbolic link to something that is not there';
    throw new FsBridgeError('ENOENT', escapeName(path), why, 'Remove it, or name its target.');
  }
  if (isOurStdout(stats)) return stdout;
  if (!stats.isFile() && !stats.isFIFO() && !stats.isCharacterDevice()) return undefined;
  const isFile = stats.isFile();
  return { isStdout: false, isFile, withSink: (use) => writeThrough(path, isFile, use) };
}

async function writeThrough(
  path: Buffer,
  isFile: boolean,
  use: (sink: ContentSink) => Promise<void>,
): Promise<void> {
  const { O_WRONLY, O_TRUNC } = fs.constants;
  const file = await open(path, O_WRONLY | (isFile ? O_TRUNC : 0));
  try {
    await use(async (bytes) => {
      if (interruption.aborted) throw interruption.reason;
      for (let done = 0; done < bytes.length; ) {
        done += (await file.write(bytes, done, bytes.length - done, null)).bytesWritten;
      }
    });
  } finally {
    await file.close();
  }
}
