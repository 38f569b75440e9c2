/**
 * The arguments of this process as bytes, because Linux's names need not be UTF-8 and Node decodes
 * them as if they were.
 */
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';

/** All arguments, from procfs; undefined where the host has none. */
function rawArguments(): Buffer[] | undefined {
  let all: Buffer;
  try {
    all = readFileSync('/proc/self/cmdline');
  } catch {
    return undefined;
  }
  const found: Buffer[] = [];
  for (let start = 0; start < all.length; ) {
    const end = all.indexOf(0, start);
    const stop = end < 0 ? all.length : end;
    found.push(all.subarray(start, stop));
    start = stop + 1;
  }
  return found;
}

/**
 * The bytes of an argument that Node gave as text. Where they are not UTF-8, the text has U+FFFD in
 * their place, and the bytes are looked up in procfs.
 */
export function argumentBytes(text: string): Buffer {
  if (!text.includes('\ufffd')) return Buffer.from(text);
  const raw = rawArguments()?.find((bytes) => bytes.toString() === text);
  return raw ?? Buffer.from(text);
}
