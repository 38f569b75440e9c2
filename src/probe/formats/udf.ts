/**
 * UDF. A recognition sequence at 32 KiB, an anchor at block 256 or 512 of a block size that has to be
 * guessed, and from there a sequence of descriptors: this is ECMA-167 part 3 with OSTA's UDF 2.60.
 * What becomes label, UUID and version is libblkid's choice (udf.c).
 */

import type { Disk } from '../cached-reader.ts';
import type { Detected, Format } from '../detected.ts';
import { detected } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { latin1Label, utf16Label } from '../text.ts';

const RECOGNITION_AT = 32 * 1024;
const MAX_RECOGNITION = 64;
const BLOCK_SIZES: readonly number[] = [512, 1024, 2048, 4096];
const ANCHOR_BLOCKS: readonly number[] = [256, 512];
const DESCRIPTOR_BYTES = 512;
const MAX_DESCRIPTORS = 256;
/** As many integrity descriptors as the kernel follows (UDF_MAX_LVID_NESTING, fs/udf/super.c). */
const MAX_INTEGRITY = 1000;
const MAX_PARTITIONS = 16;

const TAG_PRIMARY = 1;
const TAG_ANCHOR = 2;
const TAG_LOGICAL = 6;
const TAG_TERMINATOR = 8;
const TAG_INTEGRITY = 9;

const OTHER_RECOGNITION: readonly string[] = ['BEA01', 'BOOT2', 'CD001', 'CDW02', 'TEA01'];
const CHARSET = 'OSTA Compressed Unicode\0';

/** Whether the volume recognition sequence has an NSR descriptor, at this spacing. */
async function isRecognised(disk: Disk, stepBytes: number): Promise<boolean> {
  for (let i = 0; i < MAX_RECOGNITION; i++) {
    const descriptor = await disk.fields(RECOGNITION_AT + i * stepBytes, 7);
    if (descriptor === undefined) return false;
    if (descriptor.matches(1, 'NSR02') || descriptor.matches(1, 'NSR03')) return true;
    if (!OTHER_RECOGNITION.some((id) => descriptor.matches(1, id))) return false;
  }
  return false;
}

interface Anchor {
  readonly blockBytes: number;
  readonly location: number;
  readonly count: number;
}

async function findAnchor(disk: Disk): Promise<Anchor | undefined> {
  for (const blockBytes of BLOCK_SIZES) {
    if (!(await isRecognised(disk, Math.max(2048, blockBytes)))) continue;
    for (const block of ANCHOR_BLOCKS) {
      const anchor = await disk.fields(block * blockBytes, 24);
      if (anchor?.u16(0) === TAG_ANCHOR && anchor.u32(12) === block) {
        const count = Math.floor(anchor.u32(16) / blockBytes);
        return { blockBytes, location: anchor.u32(20), count };
      }
    }
  }
  return undefined;
}

/**
 * A dstring (UDF 2.1.3): a compression id, the characters, and the length used in the last byte, which
 * counts the id.
 */
function dstring(fields: Fields, at: number, fieldBytes: number): string | undefined {
  const used = Math.min(Math.max(0, fields.u8(at + fieldBytes - 1) - 1), fieldBytes - 2);
  const characters = fields.slice(at + 1, used);
  const id = fields.u8(at);
  if (id === 8) return latin1Label(characters);
  return id === 16 ? utf16Label(characters, 'be') : undefined;
}

/**
 * libblkid's UUID: the first 16 bytes of the volume set's name, if they are hexadecimal digits; the
 * bytes that are not, from the first or from the ninth on, are written in hexadecimal.
 */
function uuidOf(primary: Fields): string | undefined {
  if (!primary.matches(201, CHARSET) || primary.u8(200) !== 0) return undefined;
  const bytes = Buffer.from(dstringRaw(primary, 72, 128), 'utf8').subarray(0, 16);
  if (bytes.length < 8) return undefined;
  const padded = Buffer.concat([bytes, Buffer.alloc(16 - bytes.length)]);
  const text = padded.toString('latin1');
  const digits = /^[0-9a-fA-F]*/.exec(text)?.[0].length ?? 0;
  if (digits >= 16) return text.toLowerCase();
  if (digits >= 8) return text.slice(0, 8).toLowerCase() + padded.toString('hex', 8, 12);
  return padded.toString('hex', 0, 8);
}

/** A dstring with its white space, cut only at a NUL. */
function dstringRaw(fields: Fields, at: number, fieldBytes: number): string {
  const used = Math.min(Math.max(0, fields.u8(at + fieldBytes - 1) - 1), fieldBytes - 2);
  const characters = Buffer.from(fields.slice(at + 1, used));
  if (fields.u8(at) === 8) return characters.toString('latin1').replace(/\0.*$/s, '');
  if (fields.u8(at) !== 16) return '';
  return characters
    .subarray(0, characters.length & ~1)
    .swap16()
    .toString('utf16le')
    .replace(/\0.*$/s, '');
}

interface Descriptors {
  uuid?: string | undefined;
  label?: string | undefined;
  revision: number;
  integrity?: { readonly location: number; readonly lengthBytes: number };
}

function takeLogical(found: Descriptors, logical: Fields): void {
  if (found.integrity === undefined && logical.u32(268) !== 0) {
    const lengthBytes = logical.u32(432);
    const location = logical.u32(436);
    if (lengthBytes !== 0 && location !== 0) found.integrity = { location, lengthBytes };
  }
  if (found.revision === 0 && logical.matches(217, '*OSTA UDF Compliant\0')) {
    found.revision = logical.u16(240);
  }
  const named = logical.u8(20) === 0 && logical.matches(21, CHARSET);
  if (named) found.label ??= dstring(logical, 84, 128);
}

/** The volume descriptor sequence; undefined where it runs out of the disk. */
async function readSequence(disk: Disk, anchor: Anchor): Promise<Descriptors | undefined> {
  const found: Descriptors = { revision: 0 };
  for (let i = 0; i < Math.min(anchor.count, MAX_DESCRIPTORS); i++) {
    const block = anchor.location + i;
    const descriptor = await disk.fields(block * anchor.blockBytes, DESCRIPTOR_BYTES);
    if (descriptor === undefined) return undefined;
    const tag = descriptor.u16(0);
    if (tag === 0 || tag === TAG_TERMINATOR || descriptor.u32(12) !== block) break;
    if (tag === TAG_PRIMARY) found.uuid ??= uuidOf(descriptor);
    if (tag === TAG_LOGICAL) takeLogical(found, descriptor);
  }
  return found;
}

async function integrityAt(disk: Disk, blockBytes: number, block: number) {
  const descriptor = await disk.fields(block * blockBytes, DESCRIPTOR_BYTES);
  const valid = descriptor?.u16(0) === TAG_INTEGRITY && descriptor.u32(12) === block;
  return valid ? descriptor : undefined;
}

/** The revision in the first integrity descriptor's implementation use, as libblkid reads it. */
async function integrityRevision(
  disk: Disk,
  integrity: Fields,
  offsetBytes: number,
): Promise<number> {
  if (integrity.u32(76) < 46) return 0;
  const at = offsetBytes + 80 + 8 * integrity.u32(72);
  const use = await disk.fields(at, 46);
  return Math.max(use?.u16(40) ?? 0, use?.u16(42) ?? 0);
}

/** The last of the chain: the one that holds. */
async function lastIntegrity(disk: Disk, blockBytes: number, first: Fields): Promise<Fields> {
  let last = first;
  for (let i = 0; i < MAX_INTEGRITY && last.u32(32) !== 0; i++) {
    const next = await integrityAt(disk, blockBytes, last.u32(36));
    if (next === undefined) break;
    last = next;
  }
  return last;
}

/** Size and free space of the partitions, where the tables say them. */
function sizesOf(integrity: Fields, blockBytes: number) {
  const count = integrity.u32(72);
  if (count === 0 || count > MAX_PARTITIONS) return {};
  let size = 0;
  let free = 0;
  for (let i = 0; i < count; i++) {
    const partitionFree = integrity.u32(80 + i * 4);
    const partitionSize = integrity.u32(80 + (count + i) * 4);
    // #FFFFFFFF: not known (ECMA-167 3/10.10.7).
    if (partitionFree === 0xffffffff || partitionSize === 0xffffffff) return {};
    size += partitionSize;
    free += partitionFree;
  }
  return { sizeBytes: size * blockBytes, usedBytes: (size - free) * blockBytes };
}

async function readIntegrity(disk: Disk, found: Descriptors, blockBytes: number) {
  const { integrity } = found;
  const first =
    integrity && integrity.lengthBytes >= 440
      ? await integrityAt(disk, blockBytes, integrity.location)
      : undefined;
  if (first === undefined || integrity === undefined) {
    const state: Pick<Detected, 'state' | 'stateReason'> = {
      state: 'unknown',
      stateReason: 'its integrity descriptor is missing',
    };
    return { revision: found.revision, state };
  }
  const stated = await integrityRevision(disk, first, integrity.location * blockBytes);
  const last = await lastIntegrity(disk, blockBytes, first);
  const closed = last.u32(28) === 1;
  const state: Pick<Detected, 'state' | 'stateReason'> = closed
    ? { state: 'clean' }
    : { state: 'dirty', stateReason: 'it was not closed after the last write' };
  return { revision: Math.max(found.revision, stated), state, sizes: sizesOf(last, blockBytes) };
}

export const udf: Format = {
  name: 'udf',
  usage: 'filesystem',
  tolerant: true,
  async probe(disk) {
    const anchor = await findAnchor(disk);
    if (anchor === undefined) return undefined;
    const found = await readSequence(disk, anchor);
    if (found === undefined) return undefined;
    const { revision, state, sizes } = await readIntegrity(disk, found, anchor.blockBytes);
    const minor = (revision & 0xff).toString(16).padStart(2, '0');
    return detected({
      type: 'udf',
      kernelTypes: ['udf'],
      label: found.label,
      uuid: found.uuid,
      version: revision === 0 ? undefined : `${(revision >> 8).toString(16)}.${minor}`,
      blockSizeBytes: anchor.blockBytes,
      ...sizes,
      ...state,
    });
  },
};
