/**
 * ISO 9660, with Joliet, and its forerunner High Sierra. The date of the last change serves as a
 * UUID, as in libblkid's iso9660.c. Offsets: ECMA-119, section 8.4.
 */

import type { CachedReader } from '../cached-reader.ts';
import { readOnlyState } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { type Format, format } from '../format.ts';
import { bytes, constant, readFields, text, u8, u16, u32, type Values } from '../layout.ts';
import { byteLabel, utf16Label } from '../text.ts';

const descriptorsAt: number = 32 * 1024;
const descriptorBytes = 2048;
const maxDescriptors = 16;
const ISO_VD_PRIMARY = 1;
const ISO_VD_SUPPLEMENTARY = 2;
const ISO_VD_END = 255;
/** The supplementary descriptor's escape sequences that mean Joliet. */
const jolietEscapes: readonly string[] = ['%/@', '%/C', '%/E'];
const escapesAt = 88;
const underscore = 0x5f;

/** A volume descriptor. Dates have 16 digits and an offset from GMT. */
const descriptorFields = {
  type: u8(0),
  volume_id: bytes(40, 32),
  volume_space_size: u32(80),
  logical_block_size: u16(128),
  creation_date: bytes(813, 17),
  modification_date: bytes(830, 17),
};
type Descriptor = Values<typeof descriptorFields>;

interface Descriptors {
  primary?: Descriptor;
  joliet?: Descriptor;
}

async function findDescriptors(disk: CachedReader): Promise<Descriptors> {
  const found: Descriptors = {};
  for (let i = 0; i < maxDescriptors; i++) {
    const raw = await disk.fields(descriptorsAt + i * descriptorBytes, descriptorBytes);
    if (raw === undefined || raw.u8(0) === ISO_VD_END) break;
    const descriptor = readFields(descriptorFields, raw);
    if (descriptor.type === ISO_VD_PRIMARY) found.primary ??= descriptor;
    if (descriptor.type === ISO_VD_SUPPLEMENTARY && isJoliet(raw)) found.joliet ??= descriptor;
  }
  return found;
}

function isJoliet(descriptor: Fields): boolean {
  return jolietEscapes.some((sequence) => descriptor.matches(escapesAt, sequence));
}

/** 16 decimal digits and an offset; all zero means «not recorded» (ECMA-119 8.4.26.1). */
function dateUuid(date: Uint8Array): string | undefined {
  const digits = Buffer.from(date.subarray(0, 16)).toString('latin1');
  const unset = /^0*$/.test(digits) && date[16] === 0;
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
  if (ascii === underscore) return unit;
  if (unit === underscore) return ascii;
  if (unit > 0xff || toUpper(ascii) !== toUpper(unit)) return undefined;
  return isUpper(ascii) ? unit : ascii;
}

/**
 * Joliet's label has case and every character, but only 16 of them; the primary one has 32 of a
 * few. Where the one is the start of the other, the label is put together from both.
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

function labelOf(primary: Descriptor, joliet: Descriptor | undefined): string | undefined {
  if (joliet === undefined) return byteLabel(primary.volume_id);
  return mergedLabel(joliet.volume_id, primary.volume_id) ?? utf16Label(joliet.volume_id, 'be');
}

const highSierraMagic = 'CDROM';
/** struct hs_primary_descriptor. */
const highSierraFields = { label: text(48, 32), version: constant('High Sierra') };

export const iso9660: Format = format({
  type: 'iso9660',
  kernelTypes: ['iso9660'],
  tolerant: true,
  magics: [
    [descriptorsAt, 1, 'CD001'],
    [descriptorsAt, 9, highSierraMagic],
  ],
  bytes: descriptorBytes,
  fields: { blockSizeBytes: constant(descriptorBytes) },
  state: () => readOnlyState,
  async details(_, { disk, magic, superblock }) {
    if (magic === highSierraMagic) return readFields(highSierraFields, superblock);
    const { primary, joliet } = await findDescriptors(disk);
    if (primary === undefined) return undefined;
    const sizeBytes = primary.volume_space_size * primary.logical_block_size;
    return {
      label: labelOf(primary, joliet),
      uuid: dateUuid(primary.modification_date) ?? dateUuid(primary.creation_date),
      version: joliet && 'Joliet Extension',
      sizeBytes,
      usedBytes: sizeBytes,
    };
  },
});
