/**
 * From what a person typed to a device: finds out what it is, sees to it that nobody else is in the
 * way, and opens it. What the kernel gets can always be written; who asked for reading only gets an
 * overlay, so that a dirty journal is replayed into memory and the source stays as it is.
 *
 * Invariant: either everything is open and `close` closes it, or an FsBridgeError is thrown and
 * nothing is open.
 *
 * Windows' own names for disks (\\.\PhysicalDrive1) mean something on Windows alone; elsewhere they
 * are refused in plain words.
 */
import { stat } from 'node:fs/promises';
import { FsBridgeError } from '../errors.ts';
import type { BlockDevice } from './block-device.ts';
import { openFileSource, trailingBytes } from './file/file-source.ts';
import { openHostDisk } from './linux/host-disk.ts';
import { assertNotInUse, inUseWarnings } from './linux/in-use.ts';
import { OverlayDevice } from './overlay/overlay-device.ts';
import { hostRefusal, sourceError } from './source-error.ts';
import { assertNoWriter, lockSource } from './source-lock.ts';
import { windowsDeviceName } from './windows/device-names.ts';
import type { WindowsDisk } from './windows/open-disk.ts';

export interface OpenSourceOptions {
  /** Whether the source itself is to be written. */
  readonly write: boolean;
  /** Memory for an overlay's writes before a temporary file takes them; OverlayDevice's default. */
  readonly overlayMemoryBytes?: number;
  /** Reading only: read it even while another fsbridge writes it; a warning says so. */
  readonly allowInUse?: boolean;
  /** Writing: only what `OpenedSource.claim` names may be written, and is taken from the host then. */
  readonly claimLater?: boolean;
}

export interface OpenedSource extends AsyncDisposable {
  /** Can be written: the source itself, or an overlay over it. */
  readonly device: BlockDevice;
  /** The source itself; readOnly where writing was not asked for. */
  readonly base: BlockDevice;
  /** Whole sentences for a person. */
  readonly warnings: readonly string[];
  /**
   * Takes a part that is to be written from the host's own file systems: locks and dismounts Windows'
   * volumes there. Does nothing where the host has taken its hands off already. Throws
   * ERR_SOURCE_IN_USE.
   */
  claim(offsetBytes: number, lengthBytes: number): void;
  /** Closes all of it and lets others write; a second call does nothing. */
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
  const { kind, restBytes, lockName } = await lookAt(spec, write);
  const warnings = restBytes === 0 ? [] : [restWarning(spec, restBytes, write)];
  await using opened = new AsyncDisposableStack();
  if (write) {
    const lock = await lockSource(spec, process.platform, lockName);
    opened.defer(() => lock.release());
    if (kind !== 'windows disk') await assertNotInUse(spec);
  } else {
    warnings.push(...(await readerWarnings(spec, lockName, options.allowInUse ?? false)));
  }
  const { device: base, claim } = await openers[kind](spec, write);
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

const openers: Readonly<Record<Kind, (spec: string, write: boolean) => Promise<Opened>>> = {
  file: async (spec, write) => ({
    device: await openFileSource(spec, { write }),
    claim: nothingToClaim,
  }),
  disk: async (spec, write) => ({
    device: await openHostDisk(spec, { write }),
    claim: nothingToClaim,
  }),
  'windows disk': async (spec, write) => {
    const { loadWindowsDiskApi } = await import('./windows/kernel32.ts');
    const { openWindowsDisk } = await import('./windows/open-disk.ts');
    return openWindowsDisk(spec, { write }, await loadWindowsDiskApi());
  },
};

interface Look {
  readonly kind: Kind;
  /** At the end of a file, too few for a block. */
  readonly restBytes: number;
  /** What it is to another fsbridge, where no inode says so. */
  readonly lockName?: string;
}

async function lookAt(spec: string, write: boolean): Promise<Look> {
  const windowsName = windowsDeviceName(spec);
  if (windowsName !== undefined) {
    if (process.platform !== 'win32')
      throw unsupported(spec, 'it is a disk of Windows, by its name');
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
  throw unsupported(spec, `it is ${what}, which cannot be read at any place one likes`);
}

/** A name for a named pipe: no backslash is in it. */
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

async function readerWarnings(
  spec: string,
  lockName: string | undefined,
  allowInUse: boolean,
): Promise<string[]> {
  const warnings: string[] = [];
  try {
    await assertNoWriter(spec, process.platform, lockName);
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
    `${spec} is no whole number of 512-byte blocks; its last ${restBytes} bytes are no part of ` +
    `the disk. ${outcome} Perhaps it was not copied to its end.`
  );
}

function overlayOver(base: BlockDevice, memoryLimitBytes: number | undefined): OverlayDevice {
  return new OverlayDevice(base, memoryLimitBytes === undefined ? {} : { memoryLimitBytes });
}
