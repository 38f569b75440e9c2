/**
 * One on-disk format as data: its name, its magic numbers with their places, and the fields of its
 * superblock with their names. It is libblkid's `struct blkid_idinfo` with a layout in addition.
 *
 * Fields have the names that the kernel's structure gives them. Six names are Detected's own
 * (label, uuid, version, blockSizeBytes, sizeBytes, usedBytes): such a field goes into the answer
 * as it is.
 *
 * Invariants:
 * 1. A format's code runs only where one of its magic numbers matches. The few formats without a
 *    magic number at a known place have an empty list, and their code always runs.
 * 2. A format's code never throws and never writes. Bytes that are not this format, or too damaged
 *    to be told from noise, are `undefined`.
 */

import type { CachedReader } from './cached-reader.ts';
import type { Detected, Loose, StateFound, VolumeKind } from './detected.ts';
import { detected } from './detected.ts';
import { Fields } from './fields.ts';
import { type Field, type FieldTable, readFields, type Values } from './layout.ts';

/** blkid's USAGE: it decides where detection looks, and which of two findings wins. */
export type Usage = 'raid' | 'crypto' | 'other' | 'filesystem';

type ByteOrder = 'little' | 'big';

/**
 * Bytes from the disk's start; or from its end, which is first rounded down to a multiple of
 * `unit`.
 */
export type Place = number | { readonly fromEnd: number; readonly unit: number };

/**
 * Where the superblock begins, where in it the magic number is, and the magic number, one character
 * a byte. The byte order is that of a superblock with this magic number, where both exist.
 */
export type Magic = readonly [place: Place, at: number, bytes: string, order?: ByteOrder];

/** A match: what a format's code gets besides the fields. */
export interface Found {
  readonly disk: CachedReader;
  /** Where the superblock begins. */
  readonly baseBytes: number;
  /** The magic number that matched, and where in the superblock it is. */
  readonly magic: string;
  readonly magicAt: number;
  /** The superblock's bytes. */
  readonly superblock: Fields;
}

type MaybePromise<T> = T | Promise<T>;
/** Everything that a superblock may say of its volume. */
export type Details = Loose<Omit<Detected, 'type'>> & { readonly type?: string };

/** The fields that go into the answer by their names. */
interface AnswerFields {
  readonly label?: Field<string | undefined>;
  readonly uuid?: Field<string | undefined>;
  readonly version?: Field<string | undefined>;
  readonly blockSizeBytes?: Field<number | undefined>;
  readonly sizeBytes?: Field<number | undefined>;
  readonly usedBytes?: Field<number | undefined>;
}

export interface FormatSpec<Table extends FieldTable> {
  /** blkid's TYPE, unless `details` answers another. */
  readonly type: string;
  /** 'filesystem' by default. */
  readonly usage?: Usage;
  /** 'filesystem' by default. */
  readonly kind?: VolumeKind;
  /** Linux 6.12 file system types that mount it; none by default. */
  readonly kernelTypes?: readonly string[];
  /** Disks smaller than this cannot hold it. */
  readonly minBytes?: number;
  /** May lie on one disk together with another format on purpose (UDF and ISO 9660). */
  readonly tolerant?: boolean;
  /** The first that matches counts, as in libblkid. */
  readonly magics: readonly Magic[];
  /** The places hold copies: where one is not sane, the next is tried. */
  readonly copies?: boolean;
  /** How much of the superblock the fields cover; 0, where there are none. */
  readonly bytes?: number;
  /** 'little' by default. */
  readonly byteOrder?: ByteOrder;
  readonly fields?: Table & AnswerFields;
  /** Whether the fields make sense; false: it is not this format after all. */
  readonly sane?: (sb: Values<Table>, found: Found) => MaybePromise<boolean>;
  /** How it was left; 'unknown' by default. */
  readonly state?: (sb: Values<Table>, found: Found) => MaybePromise<StateFound>;
  /** What has to be computed or lies elsewhere; undefined: it is not this format after all. */
  readonly details?: (sb: Values<Table>, found: Found) => MaybePromise<Details | undefined>;
}

/** What detection needs of a format, whatever its fields are. */
export interface Format {
  readonly type: string;
  readonly usage: Usage;
  readonly minBytes: number;
  readonly tolerant: boolean;
  probe(disk: CachedReader): Promise<Detected | undefined>;
}

/** A format from its description. */
export function format<Table extends FieldTable>(spec: FormatSpec<Table>): Format {
  return {
    type: spec.type,
    usage: spec.usage ?? 'filesystem',
    minBytes: spec.minBytes ?? 0,
    tolerant: spec.tolerant ?? false,
    probe: (disk) => probe(spec, disk),
  };
}

/** Where a place is on a disk of this size. */
export function placeOn(sizeBytes: number, place: Place): number {
  if (typeof place === 'number') return place;
  return Math.floor(sizeBytes / place.unit) * place.unit - place.fromEnd;
}

async function probe<Table extends FieldTable>(
  spec: FormatSpec<Table>,
  disk: CachedReader,
): Promise<Detected | undefined> {
  if (spec.magics.length === 0) {
    return answer(spec, { disk, baseBytes: 0, magic: '', magicAt: 0, superblock: noBytes });
  }
  for (const [place, magicAt, magic, byteOrder = spec.byteOrder] of spec.magics) {
    const baseBytes = placeOn(disk.sizeBytes, place);
    const mark = await disk.fields(baseBytes + magicAt, magic.length);
    if (!mark?.matches(0, magic)) continue;
    const bytes = spec.bytes ?? 0;
    const little = bytes === 0 ? noBytes : await disk.fields(baseBytes, bytes);
    const superblock = byteOrder === 'big' ? little?.big : little;
    const found = superblock && { disk, baseBytes, magic, magicAt, superblock };
    const volume = found && (await answer(spec, found));
    if (volume !== undefined || spec.copies !== true) return volume;
  }
  return undefined;
}

const noBytes: Fields = new Fields(new Uint8Array(), true);

async function answer<Table extends FieldTable>(
  spec: FormatSpec<Table>,
  found: Found,
): Promise<Detected | undefined> {
  const sb = readFields(spec.fields ?? ({} as Table), found.superblock);
  if (spec.sane !== undefined && !(await spec.sane(sb, found))) return undefined;
  const details = spec.details === undefined ? {} : await spec.details(sb, found);
  if (details === undefined) return undefined;
  const { label, uuid, version, blockSizeBytes, sizeBytes, usedBytes } = sb as Details;
  return detected({
    type: spec.type,
    kind: spec.kind ?? 'filesystem',
    kernelTypes: spec.kernelTypes ?? [],
    label,
    uuid,
    version,
    blockSizeBytes,
    sizeBytes,
    usedBytes,
    ...(await spec.state?.(sb, found)),
    ...details,
  });
}
