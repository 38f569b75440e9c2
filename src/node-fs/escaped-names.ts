/**
 * File names as strings, none lost: Linux's names are bytes, and not all are UTF-8.
 *
 * The rule is Python's (PEP 383, "surrogateescape"): a byte 0x80 to 0xff that is no part of valid
 * UTF-8 stands in a string as the lone surrogate U+DC80 to U+DCFF, and back. UTF-8 has no surrogates,
 * so nothing else means the same string, and path.join and its like work on it. Such a string prints
 * with U+FFFD; `isWellFormed()` is false for it.
 *
 * Invariant: encodeName(decodeName(bytes)) are the same bytes, for any bytes.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import type { PathLike } from '../vfs-linux/names.ts';

const escapeFirst = 0xdc80;
const escapeLast = 0xdcff;
const escapeBase = 0xdc00;

/** The bytes of a UTF-8 sequence that starts with this byte; 1 for what is none. */
function sequenceBytes(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

export function decodeName(bytes: Buffer): string {
  const plain = bytes.toString('utf8');
  // What is no UTF-8 comes out as U+FFFD, which may also be a character of the name.
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

/** What to give the kernel: the string itself where its UTF-8 is meant, else bytes. */
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
