/**
 * Turns what a person typed into a device: finds out what it is, checks that no other program uses
 * it, and opens it. The kernel always gets a device that can be written. To open for reading puts
 * an overlay over the source, so that a dirty journal is replayed into memory and the source stays
 * as it is.
 *
 * Invariant: either everything is open and `close` closes it, or an FsBridgeError is thrown and
 * nothing is open.
 *
 * Windows' names for disks (\\.\PhysicalDrive1) mean something on Windows alone; elsewhere they are
 * refused.
 */
import { stat } from 'node:fs/promises';
import { FsBridgeError } from '../errors.ts';
import type { BlockDevice } from './block-device.ts';
import { openFileSource, trailingBytes } from './file/file-source.ts';
import type { OnWarning } from './file/source-end.ts';
import { aliasesOf } from './linux/aliases.ts';
import { openHostDisk } from './linux/host-disk.ts';
import { assertNotInUse, inUseWarnings } from './linux/in-use.ts';
import { OverlayDevice } from './overlay/overlay-device.ts';
import { hostRefusal, sourceError } from './source-error.ts';
import { assertNoWriter, lockSource } from './source-lock.ts';
import { windowsDeviceName } from './windows/device-names.ts';
import type { WindowsDisk } from './windows/open-disk.ts';

export interface OpenSourceOptions {
  /** Whether to write the source itself. */
  readonly write: boolean;
  /**
   * Memory for an overlay's writes, before a temporary file takes them; OverlayDevice has a
   * default.
   */
  readonly overlayMemoryBytes?: number;
  /** Reading only: reads the source even while another fsbridge writes it, with a warning. */
  readonly allowInUse?: boolean;
  /** Writing: only ranges that `OpenedSource.claim` has claimed can be written. */
  readonly claimLater?: boolean;
  /** Is called with a whole sentence where something about the open source changes. */
  readonly onWarning?: OnWarning;
}

export interface OpenedSource extends AsyncDisposable {
  /** A device that can be written: the source itself, or an overlay over it. */
  readonly device: BlockDevice;
  /** The source itself; readOnly where writing was not asked for. */
  readonly base: BlockDevice;
  /** Whole sentences for a person. */
  readonly warnings: readonly string[];
  /**
   * Takes a range from the host's own file systems, so that it can be written: locks and dismounts
   * Windows' volumes there. Does nothing where the host does not use the range. Throws
   * ERR_SOURCE_IN_USE.
   */
  claim(offsetBytes: number, lengthBytes: number): void;
  /** Closes the source and releases its lock; a second call does nothing. */
  close(): Promise<void>;
}

/**
 * Opens an image file or a disk of the host.
 *
 * Throws FsBridgeError: the host's code (ENOENT, EACCES, EISDIR, EROFS, …), ERR_SOURCE_EMPTY,
 * ERR_SOURCE_UNSUPPORTED, ERR_SOURCE_IN_USE (writing what the host uses), ERR_SOURCE_LOCKED
 * (another fsbridge writes it).
 */
export async function openSource(spec: string, options: OpenSourceOptions): Promise<OpenedSource> {
  const { write } = options;
  const { kind, restBytes, lockName } = await inspect(spec, write);
  const warnings = restBytes === 0 ? [] : [restWarning(spec, restBytes, write)];
  await using opened = new AsyncDisposableStack();
  if (write) {
    const lock = await lockSource(spec, process.platform, lockName);
    opened.defer(() => lock.release());
    if (kind !== 'windows disk') {
      // A writer that can be named goes first.
      await assertNoAliasWriter(spec);
      await assertNotInUse(spec);
    }
  } else {
    warnings.push(...(await readerWarnings(spec, lockName, options.allowInUse ?? false)));
  }
  const { device: base, claim } = await openers[kind](spec, options);
  opened.defer(() => base.close());
  if (write && options.claimLater !== true) claim(0, base.sizeBytes);
  const device = write ? base : overlayOver(base, options.overlayMemoryBytes);
  if (device !== base) opened.defer(() => device.close());
  const keep = opened.move();
  const close = (): Promise<void> => keep.disposeAsync();
  return { device, base, warnings, claim, close, [Symbol.asyncDispose]: close };
}

type Kind = 'file' | 'disk' | 'windows disk';
type Opened = Pick<WindowsDisk, 'device' | 'claim'>;

const nothingToClaim = (): void => {};

const openers: Readonly<
  Record<Kind, (spec: string, options: OpenSourceOptions) => Promise<Opened>>
> = {
  file: async (spec, options) => ({
    device: await openFileSource(spec, options),
    claim: nothingToClaim,
  }),
  disk: async (spec, options) => ({
    device: await openHostDisk(spec, options),
    claim: nothingToClaim,
  }),
  'windows disk': async (spec, { write }) => {
    const { loadWindowsDiskApi } = await import('./windows/kernel32.ts');
    const { openWindowsDisk } = await import('./windows/open-disk.ts');
    return openWindowsDisk(spec, { write }, await loadWindowsDiskApi());
  },
};

interface Inspection {
  readonly kind: Kind;
  /** The bytes at the end of a file that are too few for a block. */
  readonly restBytes: number;
  /** The source's identity for the lock, where it has no inode. */
  readonly lockName?: string;
}

async function inspect(spec: string, write: boolean): Promise<Inspection> {
  const windowsName = windowsDeviceName(spec);
  if (windowsName !== undefined) {
    if (process.platform !== 'win32')
      throw unsupported(spec, 'its name is that of a disk of Windows');
    return { kind: 'windows disk', restBytes: 0, lockName: lockNameOf(windowsName) };
  }
  let stats: Awaited<ReturnType<typeof stat>>;
  try {
    stats = await stat(spec);
  } catch (error) {
    throw sourceError(error, spec, write);
  }
  if (stats.isFile()) return { kind: 'file', restBytes: trailingBytes(stats.size) };
  if (stats.isBlockDevice()) return { kind: 'disk', restBytes: 0 };
  if (stats.isDirectory()) throw hostRefusal('EISDIR', spec, write);
  const what = stats.isFIFO()
    ? 'a named pipe'
    : stats.isSocket()
      ? 'a socket'
      : 'a character device';
  throw unsupported(spec, `it is ${what}, which cannot be read at any position`);
}

/** A part of a named pipe's name: it must have no backslash. */
function lockNameOf(windowsName: string): string {
  return `disk-${windowsName.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
}

function unsupported(spec: string, why: string): FsBridgeError {
  return new FsBridgeError(
    'ERR_SOURCE_UNSUPPORTED',
    spec,
    why,
    'Copy it into an image file, and open that.',
  );
}

/** Throws ERR_SOURCE_LOCKED where an fsbridge writes the source by another way, as a loop device. */
async function assertNoAliasWriter(spec: string): Promise<void> {
  for (const { identity } of await aliasesOf(spec)) {
    await assertNoWriter(spec, process.platform, identity);
  }
}

async function readerWarnings(
  spec: string,
  lockName: string | undefined,
  allowInUse: boolean,
): Promise<string[]> {
  const warnings: string[] = [];
  try {
    await assertNoWriter(spec, process.platform, lockName);
    if (lockName === undefined) await assertNoAliasWriter(spec);
  } catch (error) {
    if (!allowInUse || !(error instanceof FsBridgeError)) throw error;
    if (error.code !== 'ERR_SOURCE_LOCKED') throw error;
    warnings.push(`${spec}: ${error.why}; what you see may be out of date or broken.`);
  }
  if (lockName === undefined) warnings.push(...(await inUseWarnings(spec)));
  return warnings;
}

function restWarning(spec: string, restBytes: number, write: boolean): string {
  const outcome = write ? 'They stay as they are.' : 'They are not read.';
  return (
    `${spec} does not consist of whole blocks of 512 bytes; its last ${restBytes} bytes are not ` +
    `part of the disk. ${outcome} Perhaps the copy is incomplete.`
  );
}

function overlayOver(base: BlockDevice, memoryLimitBytes: number | undefined): OverlayDevice {
  return new OverlayDevice(base, memoryLimitBytes === undefined ? {} : { memoryLimitBytes });
}
