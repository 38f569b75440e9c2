/**
 * What detection finds on a disk, and how one format takes part in it. Only types and the small
 * functions that build them; src/probe/detect.ts is the entrance.
 *
 * Invariants:
 * 1. A format's probe never throws and never writes. What is not this format, or too damaged to be
 *    told from noise, is `undefined`.
 * 2. Names, labels and UUIDs are spelled as blkid(8) spells them.
 */

import type { Disk } from './cached-reader.ts';

/** Where the bytes come from. `undefined` from read: out of range, or an I/O error. */
export interface ByteReader {
  readonly sizeBytes: number;
  read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array | undefined>;
}

/**
 * clean: nothing to replay or repair. dirty: it was not unmounted, or a journal waits for replay.
 * errors: a kernel or a checker recorded damage. unknown: the format does not say.
 */
export type VolumeState = 'clean' | 'dirty' | 'errors' | 'unknown';

/**
 * filesystem: can hold files. container: holds other volumes (LUKS, LVM). member: a part of an array
 * that several disks make up. swap: swap space or a hibernated system. other: the rest.
 */
export type VolumeKind = 'filesystem' | 'container' | 'member' | 'swap' | 'other';

/** Which part of a whole this disk is, where several disks make one volume. */
export interface Members {
  /** UUID of the whole. */
  readonly fsUuid?: string;
  /** UUID of this disk in it. */
  readonly deviceUuid?: string;
  /** Number of this disk in it. */
  readonly devid?: number;
  /** Of how many disks the whole consists. */
  readonly numDevices?: number;
}

export interface Detected {
  /** blkid's TYPE: ext4, crypto_LUKS, linux_raid_member, … */
  readonly type: string;
  /** Linux 6.12 file system types to try mounting, in order; empty where none of ours can. */
  readonly kernelTypes: readonly string[];
  /** Mount options without which the kernel does not recognise it. */
  readonly mountOptions?: readonly string[];
  readonly kind: VolumeKind;
  readonly label?: string;
  readonly uuid?: string;
  readonly version?: string;
  /** blkid's BLOCK_SIZE: the smallest unit the driver reads (XFS, NTFS and FAT: their sector). */
  readonly blockSizeBytes?: number;
  /** How large the superblock says it is. */
  readonly sizeBytes?: number;
  /** How much of that is in use, where the superblock keeps count. */
  readonly usedBytes?: number;
  readonly state: VolumeState;
  /** Why it is not clean, in plain words. */
  readonly stateReason?: string;
  readonly members?: Members;
  /** Types of further signatures on the same disk: a mount of `type` may be a mistake then. */
  readonly alsoFound?: readonly string[];
}

/** blkid's USAGE: it decides what is probed where and which of two findings wins. */
export type Usage = 'raid' | 'crypto' | 'other' | 'filesystem';

export interface Format {
  readonly name: string;
  readonly usage: Usage;
  /** Disks smaller than this cannot hold it. */
  readonly minBytes?: number;
  /** May lie on one disk together with another format on purpose (UDF and ISO 9660). */
  readonly tolerant?: boolean;
  probe(disk: Disk): Promise<Detected | undefined>;
}

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** A Detected (or a Members) from fields that may be undefined: those are left out. */
function dropUndefined<T extends object>(fields: Loose<T>): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** Builds a Detected; fields that are undefined, and sizes beyond 2^53, are left out. */
export function detected(
  fields: Loose<Omit<Detected, 'type'>> & { readonly type: string },
): Detected {
  const { sizeBytes, usedBytes } = fields;
  const used = safeSize(usedBytes);
  const size = safeSize(sizeBytes);
  return dropUndefined<Detected>({
    kernelTypes: [],
    kind: 'filesystem',
    state: 'unknown',
    ...fields,
    sizeBytes: size,
    usedBytes: used !== undefined && (size === undefined || used <= size) ? used : undefined,
  });
}

/** Builds a Members; fields that are undefined are left out. */
export function members(fields: Loose<Members>): Members {
  return dropUndefined<Members>(fields);
}

function safeSize(bytes: number | undefined): number | undefined {
  return bytes !== undefined && Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}

type Finding = string | false | undefined;

/** The state that follows from what was found: damage outweighs dirt; no finding means clean. */
export function judge(
  damage: readonly Finding[],
  dirt: readonly Finding[] = [],
): { state: VolumeState; stateReason?: string } {
  const damaged = damage.filter((finding) => typeof finding === 'string');
  const reasons = [...damaged, ...dirt.filter((finding) => typeof finding === 'string')];
  if (reasons.length === 0) return { state: 'clean' };
  return { state: damaged.length > 0 ? 'errors' : 'dirty', stateReason: reasons.join('; ') };
}

/** The reason most formats share. */
export const NOT_UNMOUNTED = 'the file system was not unmounted';
export const RECORDED_ERRORS = 'the kernel or a checker recorded errors';
export const BAD_CHECKSUM = 'the checksum of its superblock is wrong';
