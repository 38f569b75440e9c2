/**
 * Names of files as output. Linux's names are bytes: on a terminal they must not act as control
 * sequences, and a program that reads our output wants the exact bytes.
 */
import { Buffer, isUtf8 } from 'node:buffer';

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

/** For a terminal: control characters and bytes that are not UTF-8 become \n and \xNN. */
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

/**
 * A text that others wrote, for a terminal: control and format characters become \n and \xNN.
 * Backslashes stay, so that a text which is escaped already stays the same.
 */
export function escapeText(text: string): string {
  return text.replace(unsafe, (one) => (one === '\\' ? one : escapeCharacter(one)));
}

/** The same for lines of text: their ends stay. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n');
}

/** JSON for a terminal: the same value, with control and format characters as \uXXXX. */
export function escapeJson(json: string): string {
  return json.replace(unsafe, (one) => {
    if (one === '\\' || one === '\n') return one;
    const units = one.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'));
    return units.map((unit) => `\\u${unit}`).join('');
  });
}

/** For JSON: sets `key` to a name in UTF-8, or `key`64 to the base64 of the bytes of any other. */
export function putName(object: Record<string, unknown>, key: string, name: Buffer): void {
  if (isUtf8(name)) object[key] = name.toString();
  else object[`${key}64`] = name.toString('base64');
}
