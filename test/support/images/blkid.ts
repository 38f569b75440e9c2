/** What blkid(8) says of an image, and how detection's answer differs from it. */

import type { Detected } from '../../../src/probe/detected.ts';
import { run } from '../run-program.ts';

export interface BlkidAnswer {
  readonly tags: ReadonlyMap<string, string>;
  /** More than one file system: blkid names none then (its status 8). */
  readonly ambivalent: boolean;
}

/** Undoes safe_print() of misc-utils/blkid.c: \x, M-x for bytes from 128 on, ^x for control. */
function unescaped(text: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const meta = text.startsWith('M-', i);
    if (meta) i += 2;
    const control = text[i] === '^';
    const escaped = text[i] === '\\';
    if (control || escaped) i++;
    const code = text.charCodeAt(i) ^ (control ? 0x40 : 0);
    bytes.push(meta ? code | 0x80 : code);
  }
  const buffer = Buffer.from(bytes);
  const utf8 = buffer.toString('utf8');
  return Buffer.from(utf8, 'utf8').equals(buffer) ? utf8 : buffer.toString('latin1');
}

/** Runs `blkid -p -o export`. A label with a newline would end early: blkid escapes those too. */
export async function askBlkid(path: string): Promise<BlkidAnswer> {
  const result = await run(['blkid', '-p', '-o', 'export', path]);
  const lines = result.stdout.toString('latin1').split('\n');
  const tags = lines
    .filter((line) => line.includes('='))
    .map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), unescaped(line.slice(at + 1))] as const;
    });
  return { tags: new Map(tags), ambivalent: result.status === 8 };
}

/**
 * The differences, one line each. We may say more than blkid (a version, a block size); of what it
 * says, everything has to be the same.
 */
export function differences(said: BlkidAnswer, found: Detected | undefined): readonly string[] {
  if (said.ambivalent) {
    return found?.alsoFound === undefined ? ['blkid finds several signatures, we do not'] : [];
  }
  const compare = (tag: string, ours: string | undefined, mayAdd = false) => {
    const theirs = said.tags.get(tag);
    if (theirs === ours || (mayAdd && theirs === undefined)) return [];
    return [`${tag}: blkid says ${theirs ?? 'nothing'}, we say ${ours ?? 'nothing'}`];
  };
  const blockSize = found?.blockSizeBytes;
  return [
    ...compare('TYPE', found?.type),
    ...compare('LABEL', found?.label),
    ...compare('UUID', found?.uuid),
    ...compare('UUID_SUB', found?.members?.deviceUuid, true),
    ...compare('VERSION', found?.version, true),
    ...compare('BLOCK_SIZE', blockSize === undefined ? undefined : `${blockSize}`, true),
  ];
}
