/**
 * Runs a mount from its beginning to its end, in the process that serves it.
 *
 *     target checked -> kernel, source, volume (with-volume.ts) -> transport -> control -> ready
 *     ... served until: an unmount from inside or outside, or a signal ...
 *     out of the tree -> written out, unmounted, source closed -> answer to the unmount requests
 *
 * Invariants:
 * 1. The command reports the mount when the mount answers, and `umount` reports its end when all is
 *    written and the source is closed.
 * 2. A signal always ends the mount. Programs that use it lose it, but no written byte is lost.
 * 3. An unmount from outside (umount(8), fusermount3 -u, Explorer) ends the process as well.
 */

import { interruption } from '../host/interrupt.ts';
import { describeError, redirectMessages, report, warn } from '../observe/messages.ts';
import { trace } from '../observe/trace.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import type { VolumeEntry } from '../volumes/choose-volume.ts';
import { withVolume } from '../volumes/with-volume.ts';
import { ownAddress } from './control/address.ts';
import type { ControlAnswer, ControlRequest } from './control/control-protocol.ts';
import { ControlServer, errorAnswer } from './control/server.ts';
import { DaemonLink, isDaemon } from './daemon.ts';
import { IdleSync } from './idle-sync.ts';
import { loadTransport } from './load-transport.ts';
import type { MountCommandOptions } from './mount-command-options.ts';
import {
  FileLog,
  kernelLineLevel,
  type MountLog,
  prepareLogFile,
  TerminalLog,
} from './mount-log.ts';
import { gatherStatus } from './mount-status.ts';
import { sourceName } from './source-name.ts';
import type { Mounted, Transport, UnmountOptions } from './transport.ts';

/** One mount. */
class MountRun {
  readonly source: string;
  readonly target: string;
  readonly options: MountCommandOptions;
  readonly transport: Transport;
  readonly log: MountLog;
  readonly logFile: string | undefined;
  readonly mountedAt: Date = new Date();
  #link: DaemonLink | undefined;
  #mounted: Mounted | undefined;
  #volume: Volume | undefined;
  #entry: VolumeEntry | undefined;
  #startMs: number | null = null;
  /** Resolves when the mount is forced to its end although programs use it. */
  #forced: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Resolve the unmount requests that wait for the end. */
  #waiting: ((answer: ControlAnswer) => void)[] = [];

  constructor(parts: {
    source: string;
    target: string;
    options: MountCommandOptions;
    transport: Transport;
    link: DaemonLink | undefined;
  }) {
    this.source = parts.source;
    this.target = parts.target;
    this.options = parts.options;
    this.transport = parts.transport;
    this.#link = parts.link;
    this.logFile = parts.link === undefined ? undefined : prepareLogFile(parts.options.log);
    this.log =
      this.logFile === undefined ? new TerminalLog() : new FileLog(this.logFile, this.target);
  }

  async run(): Promise<void> {
    if (this.options.trace !== undefined) trace.open(this.options.trace);
    let control: ControlServer | undefined;
    try {
      const messages = { onWarning: warn, onFurtherError: report };
      await withVolume(this.source, this.options, messages, async (volume, entry) => {
        this.#volume = volume;
        this.#entry = entry;
        this.#mounted = await this.transport.mount(volume, this);
        control = await this.#openControl();
        const idleSync = this.#startIdleSync(volume, this.#mounted);
        try {
          await this.#serve(volume, this.#mounted);
        } finally {
          await idleSync?.stop();
        }
      });
      trace.close();
      this.log.write('info', `${this.source} is unmounted from ${this.target}`);
      this.#answerUnmounts({ unmounted: true });
    } catch (error) {
      trace.close();
      const { what, why, code } = describeError(error);
      // Before the mount is ready, the command prints the error.
      if (this.#startMs !== null) this.log.write('error', `${what}: ${why}`, { code });
      this.#answerUnmounts(errorAnswer(error));
      throw error;
    } finally {
      await control?.close();
      this.log.close();
    }
  }

  /** Opens the control channel. If that fails, the mount is taken back. */
  async #openControl(): Promise<ControlServer> {
    try {
      return await ControlServer.listen(ownAddress(), (request) => this.#answer(request));
    } catch (error) {
      await this.#mounted?.unmount({ force: true });
      throw error;
    }
  }

  #startIdleSync(volume: Volume, mounted: Mounted): IdleSync | undefined {
    if (volume.readOnly) return undefined;
    const countRequests = (): number =>
      mounted.statistics().operations.reduce((sum, { count }) => sum + count, 0);
    const idleSync = new IdleSync(volume, countRequests);
    idleSync.start();
    return idleSync;
  }

  async #serve(volume: Volume, mounted: Mounted): Promise<void> {
    const commandMs = this.#link?.commandMs ?? performance.timeOrigin;
    this.#startMs = Math.round(Date.now() - commandMs);
    const { type } = volume;
    const how = volume.readOnly ? 'for reading' : 'for reading and writing';
    const note = mounted.note === undefined ? '' : `; ${mounted.note}`;
    const text = `${this.source} (${type}) is mounted at ${mounted.mountPoint} ${how}${note}`;
    if (this.#link === undefined) {
      this.log.write('info', `${text}; Ctrl-C unmounts it`);
    } else {
      this.log.write('info', text, { source: this.source, startMs: this.#startMs });
      const end = `\`fsbridge umount ${mounted.mountPoint}\` ends it when all is written`;
      this.#link.ready(`fsbridge: ${text}; ${end}`, this.logFile as string);
      if (this.log instanceof FileLog) await this.log.open();
      redirectMessages((message) => this.log.write('warn', message.trimEnd()));
    }
    this.#followKernel(volume);
    const interrupted = new Promise<void>((resolve) => {
      interruption.addEventListener('abort', () => resolve(), { once: true });
      if (interruption.aborted) resolve();
    });
    await Promise.race([mounted.ended, interrupted, this.#forced.promise]);
    if (interruption.aborted) await this.#endBySignal(mounted);
  }

  /** Copies the kernel's lines to the log; on a terminal, only warnings. */
  #followKernel(volume: Volume): void {
    const shown = volume.kernel.log.onLine;
    volume.kernel.log.onLine = (line) => {
      shown?.(line);
      const level = kernelLineLevel(line);
      const isShown = shown !== undefined;
      if (this.log instanceof FileLog || (level !== 'info' && !isShown)) {
        this.log.write(level, line, { from: 'kernel' });
      }
    };
  }

  async #endBySignal(mounted: Mounted): Promise<void> {
    try {
      await mounted.unmount({});
    } catch (error) {
      const { why } = describeError(error);
      this.log.write('warn', `${this.target}: ${why}; programs that use it get errors now`);
      if ((await mounted.unmount({ force: true })) === 'forced') return;
    }
    await mounted.ended;
  }

  async #answer(request: ControlRequest): Promise<ControlAnswer> {
    if (request.command === 'status') return { status: await this.#status() };
    if (request.command === 'sync') {
      await this.#volume?.syncfs();
      return { synced: true };
    }
    return this.#unmount(request);
  }

  /** Answers when the mount has ended completely, or with the reason why it does not end. */
  async #unmount(options: UnmountOptions): Promise<ControlAnswer> {
    const end = new Promise<ControlAnswer>((resolve) => this.#waiting.push(resolve));
    const outcome = await this.#mounted?.unmount(options);
    if (outcome === 'forced') this.#forced.resolve();
    // The request does not wait for other programs to leave the mount.
    return outcome === 'ending' ? { unmounted: true, ending: true } : end;
  }

  #answerUnmounts(answer: ControlAnswer): void {
    for (const resolve of this.#waiting.splice(0)) resolve(answer);
  }

  #status(): ReturnType<typeof gatherStatus> {
    return gatherStatus({
      run: this,
      startMs: this.#startMs,
      volume: this.#volume as Volume,
      entry: this.#entry as VolumeEntry,
      mounted: this.#mounted as Mounted,
    });
  }
}

/** `fsbridge mount`; returns when the mount has ended. */
export async function runMount(
  source: string,
  target: string,
  options: MountCommandOptions,
): Promise<void> {
  const link = isDaemon() ? new DaemonLink() : undefined;
  if (link !== undefined) redirectMessages((text) => link.print(text));
  const transport = await loadTransport();
  for (const name of transport.ignores.filter((key) => options[key] !== undefined)) {
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    warn(`--${flag} has no effect on this system.`);
  }
  const run = new MountRun({
    source: sourceName(source),
    target: await transport.prepareTarget(target),
    options: { ...options, ...fullNames(options) },
    transport,
    link,
  });
  await run.run();
}

/** Full names for files, because the process leaves the caller's folder. */
function fullNames(options: MountCommandOptions): Partial<MountCommandOptions> {
  const { device, trace: traceFile, log } = options;
  return {
    ...(device === undefined ? {} : { device: device.map(sourceName) }),
    ...(traceFile === undefined ? {} : { trace: sourceName(traceFile) }),
    ...(log === undefined ? {} : { log: sourceName(log) }),
  };
}
