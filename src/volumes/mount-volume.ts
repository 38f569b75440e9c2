/**
 * Mounts a volume as the type that was recognised, or as the type that the caller names. Where
 * neither is known, the kernel's file systems are tried in turn, as mount(8) does it.
 */
import { FsBridgeError } from '../errors.ts';
import type { Kernel } from '../vfs-linux/kernel.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { noFileSystem, type VolumeEntry } from './choose-volume.ts';

export interface VolumeMountOptions {
  /** A type, or several with commas, instead of what was recognised. */
  readonly type?: string;
  /** mount(8)'s options. */
  readonly options?: string;
  readonly readOnly: boolean;
  /** The kernel's names of the other disks of a file system that spans several. */
  readonly members?: readonly string[];
}

/** The file systems of this kernel that lie on a disk, in its order: /proc/filesystems. */
async function diskFileSystems(kernel: Kernel): Promise<readonly string[]> {
  const lines = (await kernel.readOwn('/proc/filesystems')).split('\n');
  const types = lines.map((line) => line.split('\t'));
  return types.flatMap(([nodev, type]) => (nodev === '' && type !== undefined ? [type] : []));
}

/** The types to try. Throws ERR_UNKNOWN_TYPE, or ERR_NO_FILE_SYSTEM where there is none. */
function typesFor(
  source: string,
  entry: VolumeEntry,
  options: VolumeMountOptions,
  known: readonly string[],
): readonly string[] {
  if (options.type !== undefined) {
    const types = options.type.split(',');
    const unknown = types.find((type) => !known.includes(type));
    if (unknown === undefined) return types;
    throw new FsBridgeError(
      'ERR_UNKNOWN_TYPE',
      unknown,
      'this kernel has no such file system',
      `It has: ${known.toSorted().join(', ')}.`,
    );
  }
  if (entry.detected === undefined) return known;
  const types = entry.detected.kernelTypes.filter((type) => known.includes(type));
  if (types.length === 0) throw noFileSystem(source, [entry]);
  return types;
}

/** All that goes to the kernel as options. */
function optionsFor(
  entry: VolumeEntry,
  options: VolumeMountOptions,
  types: readonly string[],
): string {
  const parts: string[] = [];
  const { detected } = entry;
  if (types.every((type) => detected?.kernelTypes.includes(type))) {
    parts.push(...(detected?.mountOptions ?? []));
  }
  // A superblock may ask for a panic at the first error; reading what is left is better.
  if (options.readOnly && types.every((type) => /^ext[234]$/.test(type)))
    parts.push('errors=continue');
  if (types.includes('btrfs')) {
    parts.push(...(options.members ?? []).map((member) => `device=/dev/${member}`));
  }
  if (options.options !== undefined) parts.push(options.options);
  return parts.join(',');
}

/** bcachefs takes all its disks in the place of one: /dev/disk0:/dev/disk1. */
function deviceFor(
  entry: VolumeEntry,
  options: VolumeMountOptions,
  types: readonly string[],
): string {
  const members = types.includes('bcachefs') ? (options.members ?? []) : [];
  return [entry.device, ...members.map((member) => `/dev/${member}`)].join(':');
}

/** The kernel's refusal, with the source in the place of the kernel's name for it. */
function refused(
  error: FsBridgeError,
  source: string,
  entry: VolumeEntry,
  options: VolumeMountOptions,
): FsBridgeError {
  const isUnknown = entry.detected === undefined && options.type === undefined;
  if (isUnknown && (error.code === 'EINVAL' || error.code === 'ENODEV')) {
    return noFileSystem(source, [entry]);
  }
  const what = `${source}, volume ${entry.id}`;
  const disks = entry.detected?.members?.numDevices ?? 1;
  const given = 1 + (options.members?.length ?? 0);
  const advice =
    disks > given
      ? `It lies on ${disks} disks: name the others with --device.\n${error.advice ?? ''}`.trimEnd()
      : error.advice;
  return new FsBridgeError(error.code, what, error.why, advice, { cause: error });
}

/**
 * Under random calls (test/host/written.test.ts, SEED=309239092) the UDF driver of Linux 6.12 let
 * the description of one file land in the content of another.
 */
function unsafeToWrite(source: string): FsBridgeError {
  const why = 'UDF is not written: the driver of Linux 6.12 mixed files up in our tests';
  const advice = 'Leave --rw out to read it; copy to another file system to change it.';
  return new FsBridgeError('ERR_WRITE_UNSAFE', source, why, advice);
}

/**
 * Mounts a volume. Throws ERR_UNKNOWN_TYPE, ERR_NO_FILE_SYSTEM, or with the kernel's errno as the
 * code where it refuses.
 */
export async function mountVolume(
  kernel: Kernel,
  source: string,
  entry: VolumeEntry,
  options: VolumeMountOptions,
): Promise<Volume> {
  const types = typesFor(source, entry, options, await diskFileSystems(kernel));
  if (!options.readOnly && types.includes('udf')) throw unsafeToWrite(source);
  try {
    return await kernel.mount({
      device: deviceFor(entry, options, types),
      types,
      options: optionsFor(entry, options, types),
      readOnly: options.readOnly,
    });
  } catch (error) {
    if (!(error instanceof FsBridgeError) || kernel.failure !== undefined) throw error;
    throw refused(error, source, entry, options);
  }
}
