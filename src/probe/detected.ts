/**
 * What detection answers, and the small functions that build it; src/probe/detect.ts is the
 * entrance. Names, labels and UUIDs are spelled as blkid(8) spells them.
 */

/**
 * clean: nothing to replay or repair. dirty: it was not unmounted, or a journal waits for replay.
 * errors: a kernel or a checker recorded damage. unknown: the format does not say.
 */
export type VolumeState = 'clean' | 'dirty' | 'errors' | 'unknown';

/**
 * filesystem: can hold files. container: holds other volumes (LUKS, LVM). member: a part of an
 * array that several disks make up. swap: swap space or a hibernated system. other: the rest.
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

/** Fields that may be undefined as well as absent. */
export type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined };

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

export type StateFound = Pick<Detected, 'state' | 'stateReason'>;

/** A file system that is only ever made whole is clean. */
export const readOnlyState: StateFound = { state: 'clean' };

/** The state that follows from what was found: damage outweighs dirt; no finding means clean. */
export function judge(damage: readonly Finding[], dirt: readonly Finding[] = []): StateFound {
  const damaged = damage.filter((finding) => typeof finding === 'string');
  const reasons = [...damaged, ...dirt.filter((finding) => typeof finding === 'string')];
  if (reasons.length === 0) return { state: 'clean' };
  return { state: damaged.length > 0 ? 'errors' : 'dirty', stateReason: reasons.join('; ') };
}

/** Reasons that several formats share. */
export const notUnmounted = 'the file system was not unmounted';
export const recordedErrors = 'the kernel or a checker recorded errors';
export const badChecksum = 'the checksum of its superblock is wrong';
