/**
 * Labels and UUIDs from disk bytes to strings, by libblkid's rules: a label ends at its first NUL
 * and loses its trailing white space; an empty one, like an all-zero UUID, is none at all
 * (libblkid/src/superblocks/superblocks.c: blkid_probe_set_label, blkid_probe_set_uuid_as).
 */

const utf8: TextDecoder = new TextDecoder('utf-8', { fatal: true });

/** White space as C's isspace has it; JavaScript's \s would also take the no-break space. */
const trailingSpace = /[ \t\n\v\f\r]+$/;

function labelOf(text: string): string | undefined {
  const end = text.indexOf('\0');
  const trimmed = (end < 0 ? text : text.slice(0, end)).replace(trailingSpace, '');
  return trimmed === '' ? undefined : trimmed;
}

/** Bytes that should be UTF-8, as they mostly are; else every byte is taken as a Latin-1 letter. */
export function decodeBytes(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}

/** A label of bytes that no encoding is declared for. */
export function byteLabel(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0);
  return labelOf(decodeBytes(end < 0 ? bytes : bytes.subarray(0, end)));
}

/** A label in 16-bit units; a lone surrogate becomes U+FFFD. */
export function utf16Label(bytes: Uint8Array, order: 'le' | 'be'): string | undefined {
  let text = '';
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    const first = bytes[i] ?? 0;
    const second = bytes[i + 1] ?? 0;
    const unit = order === 'le' ? first | (second << 8) : (first << 8) | second;
    if (unit === 0) break;
    text += String.fromCharCode(unit);
  }
  return labelOf(text.toWellFormed());
}

/** A label in Latin-1. */
export function latin1Label(bytes: Uint8Array): string | undefined {
  return labelOf(Buffer.from(bytes).toString('latin1'));
}

/** A label in Mac OS Roman, which HFS uses. */
export function macRomanLabel(bytes: Uint8Array): string | undefined {
  return labelOf(new TextDecoder('macintosh').decode(bytes));
}

/** 16 bytes as 8-4-4-4-12 lower-case digits; undefined where all are zero. */
export function formatUuid(bytes: Uint8Array): string | undefined {
  if (bytes.every((byte) => byte === 0)) return undefined;
  const hex = Buffer.from(bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The 32-bit serial number of FAT, exFAT and HPFS: XXXX-XXXX; undefined where it is zero. */
export function formatSerial(serial: number): string | undefined {
  if (serial === 0) return undefined;
  return serial
    .toString(16)
    .toUpperCase()
    .padStart(8, '0')
    .replace(/^(.{4})/, '$1-');
}
