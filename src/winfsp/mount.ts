/**
 * A volume as a Windows drive.
 *
 * Life: DLL -> engine -> volume in the driver -> worker -> ready -> mount point -> serving
 *       -> (unmount, or the driver stops the worker) mount point removed -> Stop0 -> answers
 *       -> engine closed, everything written out -> Stop -> handle closed -> ended
 *
 * Invariants:
 * 1. A step that fails on the way up undoes the steps before it: nothing of the drive is left.
 * 2. When `ended` resolves, no request is under way, every file is closed, and everything written
 *    is on the disk. The volume's owner unmounts the volume.
 * 3. A process that dies ends the drive: Windows closes the handle, the driver removes the volume,
 *    and the letter was a temporary link. Unwritten data is lost, as after a power cut.
 * 4. This thread never opens a path on the drive: it would wait for an answer from itself.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { FsBridgeError } from '../errors.ts';
import { Engine } from '../fsbridge/engine.ts';
import type { EngineOptions } from '../fsbridge/options.ts';
import { type NtStatus, ntStatusName, STATUS } from '../fsbridge/translate/ntstatus.ts';
import { type Handle, loadFfi } from '../host/ffi.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { Dispatcher } from './dispatcher.ts';
import { checkLetterFree } from './drive-letter.ts';
import type { WinFspMount, WinFspMountOptions, WinFspStatistics } from './mount-options.ts';
import { type MountPoint, mountError, parseMountPoint, volumeError } from './mount-point.ts';
import { loadDriveLetters } from './native/drive-letters.ts';
import { DriverMemory } from './native/driver-memory.ts';
import { findWinFsp } from './native/find-winfsp.ts';
import type { SessionEvent } from './native/session-messages.ts';
import { SessionWatch } from './native/session-watch.ts';
import { Tokens } from './native/tokens.ts';
import type { SetMount, WinFspLibrary } from './native/winfsp-library.ts';
import { TransactLoop } from './transact-loop.ts';
import { volumeParamsOf } from './volume-parameters.ts';
import { encodeVolumeParams } from './wire/volume-params.ts';

const diskDevice = 'WinFsp.Disk';
const networkDevice = 'WinFsp.Net';
const ownerUnmountMs = 5000;

/**
 * Mounts a volume as a drive. The volume's owner keeps it open until `ended`.
 *
 * Throws FsBridgeError: ERR_NOT_WINDOWS, ERR_WINFSP_MISSING, ERR_WINFSP_OLD, ERR_WINFSP_DRIVER,
 * ERR_MOUNT_POINT, ERR_DRIVE_IN_USE, EACCES, EEXIST or ENOENT.
 */
export async function mountWinFsp(
  volume: Volume,
  mountPoint: string,
  options: WinFspMountOptions = {},
): Promise<WinFspMount> {
  const share = options.shareName ?? options.engine?.label ?? volume.device;
  const point = parseMountPoint(mountPoint, options.network ?? false, share);
  const library = await findWinFsp(options.library);
  if (point.place !== undefined) {
    checkLetterFree(point.place, await loadDriveLetters(library.path));
  }
  const tokens = process.platform === 'win32' ? await Tokens.load() : undefined;
  const engine = await Engine.open(volume, engineOptions(options, tokens));
  const drive = new Drive(volume, engine, library, options, tokens);
  try {
    await drive.begin(point);
  } catch (error) {
    await drive.unmount().catch(() => {});
    throw error;
  }
  return drive;
}

/** By default the mounting user is the user of this process. */
function engineOptions(options: WinFspMountOptions, tokens: Tokens | undefined): EngineOptions {
  const mountingUserSid = tokens?.ownUser();
  return {
    ...(mountingUserSid === undefined ? {} : { mountingUserSid }),
    ...options.engine,
  };
}

class Drive implements WinFspMount {
  mountPoint = '';
  readonly ended: Promise<void>;
  #resolveEnded: () => void = () => {};
  #rejectEnded: (reason: unknown) => void = () => {};
  #volume: Volume;
  #engine: Engine;
  #library: WinFspLibrary;
  #options: WinFspMountOptions;
  #tokens: Tokens | undefined;
  #memory: DriverMemory | undefined;
  #dispatcher: Dispatcher | undefined;
  #handle: Handle | undefined;
  #loop: TransactLoop | undefined;
  #mount: SetMount | undefined;
  #ending: Promise<void> | undefined;
  #session: SessionWatch | undefined;
  #sessionEnds = false;
  /** Wakes the worker: the end of the process would wait for it, and so for the driver. */
  #onExit = (): void => {
    if (this.#handle !== undefined) this.#library.stop0(this.#handle);
  };
  #onBreak = (): void => {
    this.#options.onConsoleEvent?.('ctrl-break');
    this.unmount().catch(() => {});
  };

  constructor(
    volume: Volume,
    engine: Engine,
    library: WinFspLibrary,
    options: WinFspMountOptions,
    tokens: Tokens | undefined,
  ) {
    this.#volume = volume;
    this.#engine = engine;
    this.#library = library;
    this.#options = options;
    this.#tokens = tokens;
    this.ended = new Promise((resolve, reject) => {
      this.#resolveEnded = resolve;
      this.#rejectEnded = reject;
    });
    // A caller that ignores `ended` gets the error from unmount().
    this.ended.catch(() => {});
  }

  async begin(point: MountPoint): Promise<void> {
    const { koffi } = await loadFfi();
    this.#memory = new DriverMemory(
      (address, lengthBytes) => koffi.view(address, lengthBytes),
      (memory) => this.#volume.calls.ring.letGo(memory),
    );
    this.#dispatcher = this.#makeDispatcher(this.#memory);
    const params = encodeVolumeParams(
      volumeParamsOf(this.#engine.facts, point.prefix, this.#options),
    );
    const device = point.prefix === '' ? diskDevice : networkDevice;
    const created = this.#library.createVolume(device, params);
    if (created.status !== STATUS.SUCCESS) throw volumeError(point.prefix, created.status);
    this.#handle = created.handle;
    process.once('exit', this.#onExit);
    this.#loop = new TransactLoop({
      library: this.#library,
      volume: created.handle,
      dispatcher: this.#dispatcher,
      onLog: (line) => this.#log(line),
    });
    this.#library.ready(created.handle);
    this.mountPoint = point.place ?? `\\${point.prefix}`;
    if (point.place !== undefined) {
      const mount = this.#library.setMount(created.handle, created.name, point.place);
      if (mount.status !== STATUS.SUCCESS) throw mountError(point.place, mount.status);
      this.#mount = mount;
      this.mountPoint = mount.mountPoint;
    }
    if (process.platform === 'win32') {
      process.once('SIGBREAK', this.#onBreak);
      this.#session = await SessionWatch.start((event) => this.#onSession(event));
    }
    // The driver may end the drive: the device is removed, or WinFsp uninstalled.
    this.#loop.ended.then(
      (status) => this.unmount(failureOf(status)).catch(() => {}),
      (reason: unknown) => this.unmount(reason).catch(() => {}),
    );
  }

  /** Windows waits some seconds for the promise. */
  async #onSession(event: SessionEvent): Promise<void> {
    if (event === 'resume') return;
    if (event === 'suspend') {
      // The battery may be empty before the machine wakes.
      if (!this.#volume.readOnly) await this.#volume.syncfs();
      return;
    }
    this.#sessionEnds = true;
    this.#options.onConsoleEvent?.(event);
    await this.unmount();
    // Afterwards Windows ends the process. The owner needs the time to unmount the volume.
    await wait(ownerUnmountMs, undefined, { ref: false });
  }

  #makeDispatcher(memory: DriverMemory): Dispatcher {
    const { deadlineMs } = this.#options;
    return new Dispatcher(this.#engine, memory, {
      ...(this.#tokens === undefined ? {} : { tokens: this.#tokens }),
      ...(deadlineMs === undefined ? {} : { queue: { deadlineMs } }),
      onMistake: (reason) => {
        this.#log(`a mistake of fsbridge: ${reason instanceof Error ? reason.stack : reason}`);
      },
    });
  }

  #log(line: string): void {
    if (this.#ending === undefined) this.#options.onLog?.(line);
  }

  statistics(): WinFspStatistics {
    const { operations, queue, openFiles } = (this.#dispatcher as Dispatcher).statistics();
    return { operations, queue, caches: this.#engine.hitRatios(), openFiles };
  }

  /** `failure` is the reason where the drive ends by itself. */
  unmount(failure?: unknown): Promise<void> {
    this.#ending ??= this.#end(failure);
    return this.#ending;
  }

  async #end(failure: unknown): Promise<void> {
    try {
      this.#mount?.remove();
      await this.#loop?.stop();
      await this.#engine[Symbol.asyncDispose]();
      if (!this.#volume.readOnly && this.#volume.kernel.failure === undefined) {
        await this.#volume.syncfs();
      }
    } catch (error) {
      this.#release();
      this.#rejectEnded(error);
      throw error;
    }
    this.#release();
    if (!this.#sessionEnds) await this.#session?.stop();
    if (failure === undefined) this.#resolveEnded();
    else this.#rejectEnded(endError(this.mountPoint, failure));
  }

  /** Removes the driver's volume, with the requests that it still has. */
  #release(): void {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    process.off('exit', this.#onExit);
    process.off('SIGBREAK', this.#onBreak);
    this.#memory?.detachAll();
    this.#library.stop(handle);
    this.#library.closeHandle(handle);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unmount();
  }
}

/** The statuses of a volume that was stopped are no failure. */
function failureOf(status: NtStatus): Error | undefined {
  const isStopped = status === STATUS.SUCCESS || status === STATUS.CANCELLED;
  return isStopped ? undefined : new Error(`the driver ended the volume: ${ntStatusName(status)}`);
}

function endError(mountPoint: string, cause: unknown): FsBridgeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const advice = 'Mount it again; FSBRIDGE_DEBUG=1 shows where it went wrong.';
  return new FsBridgeError('ERR_WINFSP_LOOP', mountPoint, why, advice, { cause });
}
