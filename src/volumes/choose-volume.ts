/**
 * Chooses the volume on a disk that a person means.
 *
 * A disk can be recognised as a whole and have partitions as well. Then only one of the two counts:
 *
 *   - An ISO image for USB sticks has a partition table in the room that ISO 9660 leaves free. The
 *     whole counts; its partitions are for the firmware.
 *   - A member of an array, or a container, is recognised as a whole because its table belongs to
 *     the volume inside (a mirror's shows through). The whole counts.
 *   - Otherwise, where a partition holds something that is recognised, the table is real and the
 *     superblock of the whole is a leftover of the time before the table.
 *   - Otherwise the table is none (boot code may look like one), and the whole counts.
 *
 * A volume that does not count is still listed, and is taken when it is named.
 */
import { FsBridgeError } from '../errors.ts';
import type { Detected } from '../probe/detected.ts';

export interface VolumeEntry {
  /** The partition's number, or "disk" for the disk as a whole. */
  readonly id: string;
  /** The kernel's name, such as "disk0p1". */
  readonly device: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly partitionName?: string;
  readonly partitionUuid?: string;
  readonly detected?: Detected;
  /** Whether it counts when no volume is named. */
  readonly primary: boolean;
}

export const wholeDisk = 'disk';

/** Types that leave the beginning of a disk free on purpose (ECMA-119, 6.2.1: the System Area). */
const sharesTheDisk: ReadonlySet<string> = new Set(['iso9660', 'udf']);

/** Whether the disk as a whole counts, rather than its partitions. */
export function wholeCounts(
  whole: Detected | undefined,
  partitions: readonly (Detected | undefined)[],
): boolean {
  if (partitions.length === 0) return true;
  if (whole === undefined) return false;
  if (sharesTheDisk.has(whole.type) || whole.kind === 'member' || whole.kind === 'container') {
    return true;
  }
  return partitions.every((partition) => partition === undefined);
}

export function isMountable(entry: VolumeEntry): boolean {
  return (entry.detected?.kernelTypes.length ?? 0) > 0;
}

/** A volume's content in few words: 'ext4 "root"', or 'unknown content'. */
function contentOf(entry: VolumeEntry): string {
  const { detected } = entry;
  if (detected === undefined) return 'unknown content';
  return detected.label === undefined ? detected.type : `${detected.type} "${detected.label}"`;
}

function listOf(entries: readonly VolumeEntry[]): string {
  return entries.map((entry) => `${entry.id} (${contentOf(entry)})`).join(', ');
}

/** The volume with that id; else those with that label, UUID, partition name or partition UUID. */
function named(entries: readonly VolumeEntry[], name: string): readonly VolumeEntry[] {
  const byId = entries.filter((entry) => entry.id === name);
  if (byId.length > 0) return byId;
  const same = (text: string | undefined): boolean => text?.toLowerCase() === name.toLowerCase();
  return entries.filter(
    ({ detected, partitionName, partitionUuid }) =>
      detected?.label === name ||
      partitionName === name ||
      same(detected?.uuid) ||
      same(partitionUuid),
  );
}

/** The error that there is nothing to mount, with what may help. */
export function noFileSystem(source: string, entries: readonly VolumeEntry[]): FsBridgeError {
  const found = entries.filter((entry) => entry.detected !== undefined);
  if (found.length === 0) {
    return new FsBridgeError(
      'ERR_NO_FILE_SYSTEM',
      source,
      'nothing on it is recognised',
      'If you know what it holds, name it with --type; `fsbridge probe` shows what is there.',
    );
  }
  const kinds = new Set(found.map((entry) => entry.detected?.kind));
  const layered = kinds.has('container') || kinds.has('member');
  return new FsBridgeError(
    'ERR_NO_FILE_SYSTEM',
    source,
    `holds no file system that can be mounted, but ${listOf(found)}`,
    layered
      ? 'Volumes inside encrypted disks, LVM and RAID cannot be opened yet; that comes later.'
      : 'Look at all of it with `fsbridge probe`.',
  );
}

/**
 * The volume that `name` means, or without a name the only one that can be mounted.
 *
 * Throws ERR_NO_SUCH_VOLUME, ERR_VOLUME_AMBIGUOUS or ERR_NO_FILE_SYSTEM. With `anyContent`
 * the caller knows the type, and what was recognised does not matter.
 */
export function chooseVolume(
  source: string,
  entries: readonly VolumeEntry[],
  name?: string,
  anyContent = false,
): VolumeEntry {
  const counting = entries.filter((entry) => entry.primary);
  const mountable = counting.filter(isMountable);
  const blank = counting.filter((entry) => entry.detected === undefined);
  let candidates: readonly VolumeEntry[] = anyContent ? counting : mountable;
  if (name !== undefined) {
    candidates = named(entries, name);
  } else if (anyContent && mountable.length === 1) {
    candidates = mountable;
  } else if (candidates.length === 0 && blank.length === 1) {
    // Its content is unknown: the kernel's file systems are tried, as with mount(8).
    candidates = blank;
  }
  const [first, second] = candidates;
  if (first !== undefined && second === undefined) return first;
  if (second !== undefined) {
    throw new FsBridgeError(
      'ERR_VOLUME_AMBIGUOUS',
      source,
      `holds several volumes: ${listOf(candidates)}`,
      `Say which one, such as --volume ${first?.id}.`,
    );
  }
  if (name === undefined) throw noFileSystem(source, counting);
  throw new FsBridgeError(
    'ERR_NO_SUCH_VOLUME',
    source,
    `has no volume ${name}; there is: ${listOf(entries)}`,
    'Give --volume an id, a label or a UUID as `fsbridge probe` prints them.',
  );
}
