/**
 * File names. Linux's names are bytes: any but NUL and the slash. A string stands for its UTF-8; a
 * name that is not UTF-8 is passed as bytes (Uint8Array, Buffer).
 */
import { Buffer, isUtf8 } from 'node:buffer';

/** A path or a name, as a caller may give it. */
export type PathLike = string | Uint8Array;

/** A name that lies in some buffer, from `start` to `end`, without a NUL. */
export interface NameSpan {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** A name in any of the forms that can be written into a request. */
export type SlotName = PathLike | NameSpan;

/** The name as a string, or undefined where its bytes are not UTF-8. */
export function nameToString(name: Uint8Array): string | undefined {
  return isUtf8(name)
    ? Buffer.from(name.buffer, name.byteOffset, name.length).toString()
    : undefined;
}

export function toBytes(path: PathLike): Buffer {
  return typeof path === 'string'
    ? Buffer.from(path, 'utf8')
    : Buffer.from(path.buffer, path.byteOffset, path.length);
}

/** A name for messages: bytes that are not UTF-8 show as \xNN. */
export function displayName(path: PathLike): string {
  if (typeof path === 'string') return path;
  const text = nameToString(path);
  if (text !== undefined) return text;
  let shown = '';
  for (const byte of path) {
    shown +=
      byte >= 0x20 && byte < 0x7f
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return shown;
}
