/**
 * ISO 9660, with Joliet, and its forerunner High Sierra. The date of the last change serves as a UUID,
 * as in libblkid's iso9660.c. Offsets: ECMA-119, section 8.4.
 */

import type { Disk } from '../cached-reader.ts';
import type { Format } from '../detected.ts';
import { detected } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { byteLabel, utf16Label } from '../text.ts';

const DESCRIPTORS_AT = 32 * 1024;
const SECTOR_BYTES = 2048;
const MAX_DESCRIPTORS = 16;
const TYPE_PRIMARY = 1;
const TYPE_SUPPLEMENTARY = 2;
const TYPE_END = 255;
const LABEL_AT = 40;
const LABEL_BYTES = 32;
const CREATED_AT = 813;
const MODIFIED_AT = 830;
const JOLIET_ESCAPES: readonly string[] = ['%/@', '%/C', '%/E'];
const UNDERSCORE = 0x5f;

interface Descriptors {
  primary?: Fields;
  joliet?: Fields;
}

async function findDescriptors(disk: Disk): Promise<Descriptors> {
  const found: Descriptors = {};
  for (let i = 0; i < MAX_DESCRIPTORS; i++) {
    const descriptor = await disk.fields(DESCRIPTORS_AT + i * SECTOR_BYTES, SECTOR_BYTES);
    if (descriptor === undefined || descriptor.u8(0) === TYPE_END) break;
    if (descriptor.u8(0) === TYPE_PRIMARY) found.primary ??= descriptor;
    const isJoliet =
      descriptor.u8(0) === TYPE_SUPPLEMENTARY &&
      JOLIET_ESCAPES.some((sequence) => descriptor.matches(88, sequence));
    if (isJoliet) found.joliet ??= descriptor;
  }
  return found;
}

/** 16 decimal digits and an offset; all zero means «not recorded» (ECMA-119 8.4.26.1). */
function dateUuid(descriptor: Fields, at: number): string | undefined {
  const digits = Buffer.from(descriptor.slice(at, 16)).toString('latin1');
  const unset = /^0*$/.test(digits) && descriptor.u8(at + 16) === 0;
  if (unset || /^\0*$/.test(digits)) return undefined;
  const dashed = digits.replace(/^(.{4})(..)(..)(..)(..)(..)(..)$/s, '$1-$2-$3-$4-$5-$6-$7');
  return dashed.replace(/\0.*$/s, '');
}

function toUpper(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
}

function isUpper(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

/** One character of both labels as a 16-bit unit; undefined where they differ. */
function mergeUnit(unit: number, ascii: number): number | undefined {
  // '_' stands for what the primary descriptor's or the Joliet character set lacks.
  if (ascii === UNDERSCORE) return unit;
  if (unit === UNDERSCORE) return ascii;
  if (unit > 0xff || toUpper(ascii) !== toUpper(unit)) return undefined;
  return isUpper(ascii) ? unit : ascii;
}

/**
 * Joliet's label has case and every character, but only 16 of them; the primary one has 32 of a few.
 * Where the one is the start of the other, the label is put together from both.
 */
function mergedLabel(joliet: Uint8Array, ascii: Uint8Array): string | undefined {
  const units: number[] = [];
  let index = 0;
  for (let at = 0; at + 1 < joliet.length && index < ascii.length; at += 2, index++) {
    let unit = ((joliet[at] ?? 0) << 8) | (joliet[at + 1] ?? 0);
    const next = ((joliet[at + 2] ?? 0) << 8) | (joliet[at + 3] ?? 0);
    const pair = unit >= 0xd800 && unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff;
    if (pair) {
      units.push(unit);
      unit = next;
      at += 2;
    }
    const merged = mergeUnit(unit, ascii[index] ?? 0);
    if (merged === undefined) return undefined;
    units.push(merged);
  }
  units.push(...ascii.subarray(index));
  const bytes = new Uint8Array(units.flatMap((unit) => [unit >> 8, unit & 0xff]));
  return utf16Label(bytes, 'be');
}

function labelOf({ primary, joliet }: Descriptors): string | undefined {
  const ascii = primary?.slice(LABEL_AT, LABEL_BYTES) ?? new Uint8Array();
  if (joliet === undefined) return byteLabel(ascii);
  const wide = joliet.slice(LABEL_AT, LABEL_BYTES);
  return mergedLabel(wide, ascii) ?? utf16Label(wide, 'be');
}

export const iso9660: Format = {
  name: 'iso9660',
  usage: 'filesystem',
  tolerant: true,
  async probe(disk) {
    const head = await disk.fields(DESCRIPTORS_AT, SECTOR_BYTES);
    if (head === undefined) return undefined;
    const common = {
      type: 'iso9660',
      kernelTypes: ['iso9660'],
      blockSizeBytes: SECTOR_BYTES,
      state: 'clean',
    } as const;
    if (head.matches(1, 'CD001')) {
      const found = await findDescriptors(disk);
      const { primary } = found;
      if (primary === undefined) return undefined;
      const sizeBytes = primary.u32(80) * primary.u16(128);
      return detected({
        ...common,
        label: labelOf(found),
        uuid: dateUuid(primary, MODIFIED_AT) ?? dateUuid(primary, CREATED_AT),
        version: found.joliet && 'Joliet Extension',
        sizeBytes,
        usedBytes: sizeBytes,
      });
    }
    if (!head.matches(9, 'CDROM')) return undefined;
    const label = byteLabel(head.slice(48, 32));
    return detected({ ...common, label, version: 'High Sierra' });
  },
};
