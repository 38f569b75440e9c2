/**
 * File names as strings, without loss: Linux's names are bytes, and not all of them are UTF-8.
 *
 * The rule is Python's (PEP 383, "surrogateescape"): a byte 0x80 to 0xff that is not part of valid
 * UTF-8 becomes the lone surrogate U+DC80 to U+DCFF in the string, and the reverse. UTF-8 has no
 * surrogates, so no other name becomes the same string. path.join and similar functions work on
 * such a string. It prints with U+FFFD, and `isWellFormed()` is false for it.
 *
 * Invariant: encodeName(decodeName(bytes)) are the same bytes, for any bytes.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import type { PathLike } from '../vfs-linux/names.ts';

const escapeFirst = 0xdc80;
const escapeLast = 0xdcff;
const escapeBase = 0xdc00;

/** The length of the UTF-8 sequence that starts with this byte; 1 for a byte that starts none. */
function sequenceBytes(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

export function decodeName(bytes: Buffer): string {
  const plain = bytes.toString('utf8');
  // A byte that is not UTF-8 is decoded as U+FFFD, which may also be a character of the name.
  if (!plain.includes('\ufffd') || isUtf8(bytes)) return plain;
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at] as number;
    const sequence = bytes.subarray(at, at + sequenceBytes(first));
    if (isUtf8(sequence)) {
      text += sequence.toString();
      at += sequence.length;
    } else {
      text += String.fromCharCode(escapeBase + first);
      at++;
    }
  }
  return text;
}

/** The name for the kernel: the string itself if its UTF-8 is the name, otherwise bytes. */
export function encodeName(name: PathLike): PathLike {
  if (typeof name !== 'string' || name.isWellFormed()) return name;
  const parts: Buffer[] = [];
  let start = 0;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit < escapeFirst || unit > escapeLast || isSecondOfPair(name, i)) continue;
    parts.push(Buffer.from(name.slice(start, i)), Buffer.of(unit - escapeBase));
    start = i + 1;
  }
  parts.push(Buffer.from(name.slice(start)));
  return Buffer.concat(parts);
}

function isSecondOfPair(text: string, index: number): boolean {
  const before = text.charCodeAt(index - 1);
  return before >= 0xd800 && before <= 0xdbff;
}
