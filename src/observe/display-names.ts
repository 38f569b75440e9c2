/**
 * Names on their way in and out. Linux's are bytes; a terminal must not be told to do things by a
 * file's name, and a program that reads our output wants the very bytes.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

/**
 * Control and format characters (among them those that change the direction of writing), line and
 * paragraph separators, and our own escape character.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/gu;
const short: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\\': '\\\\',
};

function escapeCharacter(character: string): string {
  const known = short[character];
  if (known !== undefined) return known;
  return [...Buffer.from(character)].map(escapeByte).join('');
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** For a terminal: control characters and bytes that are no UTF-8 as \n and \xNN. */
export function escapeName(name: Uint8Array): string {
  if (isUtf8(name)) {
    return Buffer.from(name.buffer, name.byteOffset, name.length)
      .toString()
      .replace(unsafe, escapeCharacter);
  }
  let text = '';
  for (const byte of name) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : escapeByte(byte);
  }
  return text;
}

/** In JSON: `key` holds the name where it is UTF-8, `key`64 its bytes in base64 where it is not. */
export function putName(object: Record<string, unknown>, key: string, name: Buffer): void {
  if (isUtf8(name)) object[key] = name.toString();
  else object[`${key}64`] = name.toString('base64');
}

/** This process's arguments as the bytes they were; undefined where the host does not tell. */
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
 * An argument's bytes. Node has put U+FFFD in the place of what is no UTF-8; Linux still knows what
 * was there.
 */
export function argumentBytes(text: string): Buffer {
  if (!text.includes('\ufffd')) return Buffer.from(text);
  const raw = rawArguments()?.find((bytes) => bytes.toString() === text);
  return raw ?? Buffer.from(text);
}
