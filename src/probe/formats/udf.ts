/**
 * UDF. A recognition sequence at 32 KiB, an anchor at block 256 or 512 of a block size that has to
 * be guessed, and from there a sequence of descriptors: this is ECMA-167 part 3 with OSTA's UDF
 * 2.60. What becomes label, UUID and version is libblkid's choice (udf.c).
 */

import type { CachedReader } from '../cached-reader.ts';
import type { StateFound } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { type Format, format, type Magic } from '../format.ts';
import { bytes, readFields, u8, u16, u32, type Values } from '../layout.ts';
import { latin1Label, utf16Label } from '../text.ts';

const recognitionAt: number = 32 * 1024;
const maxRecognition = 64;
const blockSizes: readonly number[] = [512, 1024, 2048, 4096];
const anchorBlocks: readonly number[] = [256, 512];
const descriptorBytes = 512;
const maxDescriptors = 256;
/** As many integrity descriptors as the kernel follows (fs/udf/super.c). */
const UDF_MAX_LVID_NESTING = 1000;
const maxPartitions = 16;

/** Identifiers of tags (ECMA-167 3/7.2.1). */
const TAG_IDENT_PVD = 1;
const TAG_IDENT_AVDP = 2;
const TAG_IDENT_LVD = 6;
const TAG_IDENT_TD = 8;
const TAG_IDENT_LVID = 9;
const LVID_INTEGRITY_TYPE_CLOSE = 1;

const udfIds: readonly string[] = ['NSR02', 'NSR03'];
const otherIds: readonly string[] = ['BEA01', 'BOOT2', 'CD001', 'CDW02', 'TEA01'];
const charset = 'OSTA Compressed Unicode\0';
const domain = '*OSTA UDF Compliant\0';

/** A descriptor's tag: struct tag. */
const tag = { tagIdent: u16(0), tagLocation: u32(12) };

/** struct anchorVolDescPtr. */
const anchorFields = { ...tag, main_extLength: u32(16), main_extLocation: u32(20) };

/** struct primaryVolDesc; the volume set's identifier is a dstring. */
const primaryFields = {
  volSetIdent: bytes(72, 128),
  descCharSet_type: u8(200),
  descCharSet: bytes(201, charset.length),
};

/** struct logicalVolDesc; the domain's suffix begins with the revision of UDF. */
const logicalFields = {
  descCharSet_type: u8(20),
  descCharSet: bytes(21, charset.length),
  logicalVolIdent: bytes(84, 128),
  domainIdent: bytes(217, domain.length),
  domainIdent_revision: u16(240),
  numPartitionMaps: u32(268),
  integritySeq_extLength: u32(432),
  integritySeq_extLocation: u32(436),
};

/** struct logicalVolIntegrityDesc; its tables of sizes follow. */
const integrityFields = {
  ...tag,
  integrityType: u32(28),
  nextIntegrityExt_length: u32(32),
  nextIntegrityExt_location: u32(36),
  numOfPartitions: u32(72),
  lengthOfImpUse: u32(76),
};
const integrityTablesAt = 80;
const minIntegrityBytes = 440;
/** struct logicalVolIntegrityDescImpUse. */
const useFields = { minUDFReadRev: u16(40), minUDFWriteRev: u16(42) };
const useBytes = 46;

/** Whether the volume recognition sequence has an NSR descriptor, at this spacing. */
async function isRecognised(disk: CachedReader, stepBytes: number): Promise<boolean> {
  for (let i = 0; i < maxRecognition; i++) {
    const descriptor = await disk.fields(recognitionAt + i * stepBytes, 7);
    if (descriptor === undefined) return false;
    if (udfIds.some((id) => descriptor.matches(1, id))) return true;
    if (!otherIds.some((id) => descriptor.matches(1, id))) return false;
  }
  return false;
}

interface Anchor {
  readonly blockBytes: number;
  readonly location: number;
  readonly count: number;
}

async function findAnchor(disk: CachedReader): Promise<Anchor | undefined> {
  for (const blockBytes of blockSizes) {
    if (!(await isRecognised(disk, Math.max(2048, blockBytes)))) continue;
    for (const block of anchorBlocks) {
      const raw = await disk.fields(block * blockBytes, 24);
      const anchor = raw && readFields(anchorFields, raw);
      if (anchor?.tagIdent === TAG_IDENT_AVDP && anchor.tagLocation === block) {
        const count = Math.floor(anchor.main_extLength / blockBytes);
        return { blockBytes, location: anchor.main_extLocation, count };
      }
    }
  }
  return undefined;
}

/**
 * A dstring (UDF 2.1.3): a compression id, the characters, and the length used in the last byte,
 * which counts the id.
 */
function readDstring(field: Uint8Array): { id: number; characters: Uint8Array } {
  const used = Math.min(Math.max(0, (field.at(-1) ?? 0) - 1), field.length - 2);
  return { id: field[0] ?? 0, characters: field.subarray(1, 1 + used) };
}

function dstringLabel(field: Uint8Array): string | undefined {
  const { id, characters } = readDstring(field);
  if (id === 8) return latin1Label(characters);
  return id === 16 ? utf16Label(characters, 'be') : undefined;
}

/** With its white space, cut only at a NUL. */
function dstringText(field: Uint8Array): string {
  const { id, characters } = readDstring(field);
  if (id === 8) return Buffer.from(characters).toString('latin1').replace(/\0.*$/s, '');
  if (id !== 16) return '';
  return Buffer.from(characters.subarray(0, characters.length & ~1))
    .swap16()
    .toString('utf16le')
    .replace(/\0.*$/s, '');
}

/** Whether a descriptor's texts are in OSTA's compressed Unicode. */
function isUnicode(descriptor: { descCharSet_type: number; descCharSet: Uint8Array }): boolean {
  const name = Buffer.from(descriptor.descCharSet).toString('latin1');
  return descriptor.descCharSet_type === 0 && name === charset;
}

/**
 * libblkid's UUID: the first 16 bytes of the volume set's name, if they are hexadecimal digits; the
 * bytes that are not, from the first or from the ninth on, are written in hexadecimal.
 */
function uuidOf(primary: Values<typeof primaryFields>): string | undefined {
  if (!isUnicode(primary)) return undefined;
  const name = Buffer.from(dstringText(primary.volSetIdent), 'utf8').subarray(0, 16);
  if (name.length < 8) return undefined;
  const padded = Buffer.concat([name, Buffer.alloc(16 - name.length)]);
  const text = padded.toString('latin1');
  const digits = /^[0-9a-fA-F]*/.exec(text)?.[0].length ?? 0;
  if (digits >= 16) return text.toLowerCase();
  if (digits >= 8) return text.slice(0, 8).toLowerCase() + padded.toString('hex', 8, 12);
  return padded.toString('hex', 0, 8);
}

/** What the volume descriptor sequence says. */
interface Volume {
  uuid?: string | undefined;
  label?: string | undefined;
  revision: number;
  integrity?: { readonly location: number; readonly lengthBytes: number };
}

function takeLogical(volume: Volume, logical: Values<typeof logicalFields>): void {
  if (volume.integrity === undefined && logical.numPartitionMaps !== 0) {
    const lengthBytes = logical.integritySeq_extLength;
    const location = logical.integritySeq_extLocation;
    if (lengthBytes !== 0 && location !== 0) volume.integrity = { location, lengthBytes };
  }
  const isOsta = Buffer.from(logical.domainIdent).toString('latin1') === domain;
  if (volume.revision === 0 && isOsta) volume.revision = logical.domainIdent_revision;
  if (isUnicode(logical)) volume.label ??= dstringLabel(logical.logicalVolIdent);
}

/** The volume descriptor sequence; undefined where it runs out of the disk. */
async function readSequence(disk: CachedReader, anchor: Anchor): Promise<Volume | undefined> {
  const volume: Volume = { revision: 0 };
  for (let i = 0; i < Math.min(anchor.count, maxDescriptors); i++) {
    const block = anchor.location + i;
    const descriptor = await disk.fields(block * anchor.blockBytes, descriptorBytes);
    if (descriptor === undefined) return undefined;
    const { tagIdent, tagLocation } = readFields(tag, descriptor);
    if (tagIdent === 0 || tagIdent === TAG_IDENT_TD || tagLocation !== block) break;
    if (tagIdent === TAG_IDENT_PVD) volume.uuid ??= uuidOf(readFields(primaryFields, descriptor));
    if (tagIdent === TAG_IDENT_LVD) takeLogical(volume, readFields(logicalFields, descriptor));
  }
  return volume;
}

/** An integrity descriptor: its fields, and its bytes for the tables behind them. */
interface Integrity extends Values<typeof integrityFields> {
  readonly raw: Fields;
}

async function integrityAt(
  disk: CachedReader,
  blockBytes: number,
  block: number,
): Promise<Integrity | undefined> {
  const raw = await disk.fields(block * blockBytes, descriptorBytes);
  if (raw === undefined) return undefined;
  const integrity = { ...readFields(integrityFields, raw), raw };
  const valid = integrity.tagIdent === TAG_IDENT_LVID && integrity.tagLocation === block;
  return valid ? integrity : undefined;
}

/** The revision in the first integrity descriptor's implementation use, as libblkid reads it. */
async function integrityRevision(
  disk: CachedReader,
  integrity: Integrity,
  offsetBytes: number,
): Promise<number> {
  if (integrity.lengthOfImpUse < useBytes) return 0;
  const at = offsetBytes + integrityTablesAt + 8 * integrity.numOfPartitions;
  const raw = await disk.fields(at, useBytes);
  if (raw === undefined) return 0;
  const { minUDFReadRev, minUDFWriteRev } = readFields(useFields, raw);
  return Math.max(minUDFReadRev, minUDFWriteRev);
}

/** The last of the chain: the one that is valid. */
async function lastIntegrity(disk: CachedReader, blockBytes: number, first: Integrity) {
  let last = first;
  for (let i = 0; i < UDF_MAX_LVID_NESTING && last.nextIntegrityExt_length !== 0; i++) {
    const next = await integrityAt(disk, blockBytes, last.nextIntegrityExt_location);
    if (next === undefined) break;
    last = next;
  }
  return last;
}

/** Size and free space of the partitions, where the tables say them. */
function sizesOf({ numOfPartitions: count, raw }: Integrity, blockBytes: number) {
  if (count === 0 || count > maxPartitions) return {};
  let size = 0;
  let free = 0;
  for (let i = 0; i < count; i++) {
    const partitionFree = raw.u32(integrityTablesAt + i * 4);
    const partitionSize = raw.u32(integrityTablesAt + (count + i) * 4);
    // #FFFFFFFF: not known (ECMA-167 3/10.10.7).
    if (partitionFree === 0xffffffff || partitionSize === 0xffffffff) return {};
    size += partitionSize;
    free += partitionFree;
  }
  return { sizeBytes: size * blockBytes, usedBytes: (size - free) * blockBytes };
}

async function readIntegrity(disk: CachedReader, volume: Volume, blockBytes: number) {
  const { integrity } = volume;
  const first =
    integrity && integrity.lengthBytes >= minIntegrityBytes
      ? await integrityAt(disk, blockBytes, integrity.location)
      : undefined;
  if (first === undefined || integrity === undefined) {
    const state: StateFound = {
      state: 'unknown',
      stateReason: 'its integrity descriptor is missing',
    };
    return { revision: volume.revision, state };
  }
  const stated = await integrityRevision(disk, first, integrity.location * blockBytes);
  const last = await lastIntegrity(disk, blockBytes, first);
  const state: StateFound =
    last.integrityType === LVID_INTEGRITY_TYPE_CLOSE
      ? { state: 'clean' }
      : { state: 'dirty', stateReason: 'it was not closed after the last write' };
  return { revision: Math.max(volume.revision, stated), state, sizes: sizesOf(last, blockBytes) };
}

/** The revision is stored in decimal digits: 0x0250 is 2.50. */
function formatRevision(revision: number): string | undefined {
  if (revision === 0) return undefined;
  const minor = (revision & 0xff).toString(16).padStart(2, '0');
  return `${(revision >> 8).toString(16)}.${minor}`;
}

export const udf: Format = format({
  type: 'udf',
  tolerant: true,
  kernelTypes: ['udf'],
  magics: [...udfIds, ...otherIds].map((id): Magic => [recognitionAt, 1, id]),
  async details(_, { disk }) {
    const anchor = await findAnchor(disk);
    const volume = anchor && (await readSequence(disk, anchor));
    if (anchor === undefined || volume === undefined) return undefined;
    const { revision, state, sizes } = await readIntegrity(disk, volume, anchor.blockBytes);
    return {
      label: volume.label,
      uuid: volume.uuid,
      version: formatRevision(revision),
      blockSizeBytes: anchor.blockBytes,
      ...sizes,
      ...state,
    };
  },
});
