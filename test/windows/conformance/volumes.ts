/**
 * The volumes of the suite: a fresh image by the real mkfs, a kernel, the engine, a transport, and the
 * driver's model on top.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openFileSource } from '../../../src/block/file/file-source.ts';
import { Engine } from '../../../src/fsbridge/engine.ts';
import type { EngineOptions } from '../../../src/fsbridge/options.ts';
import type { AccessToken } from '../../../src/fsbridge/security/access-check.ts';
import { type VolumeFs, volumeFs } from '../../../src/node-fs/volume-fs.ts';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';
import type { Volume } from '../../../src/vfs-linux/volume.ts';
import { Dispatcher } from '../../../src/winfsp/dispatcher.ts';
import type { WinFspMountOptions } from '../../../src/winfsp/mount-options.ts';
import { volumeParamsOf } from '../../../src/winfsp/volume-parameters.ts';
import { encodeVolumeParams } from '../../../src/winfsp/wire/volume-params.ts';
import { FaultyDisk } from '../../support/disks/faulty-disk.ts';
import { fsckVerdict } from '../../support/images/fsck.ts';
import { Random } from '../../support/random.ts';
import type { FsType, VolumeKind } from './case.ts';
import { Driver } from './driver/driver.ts';
import { Program } from './driver/program.ts';
import { mountingUser, type Token } from './driver/token.ts';
import type { Transport, TransportHost } from './driver/transport.ts';
import { readVolumeParameters, type VolumeParameters } from './driver/volume-parameters.ts';

const mib = 1048576;

const mkfs: Readonly<Record<FsType, { command: readonly string[]; sizeBytes: number }>> = {
  ext4: { command: ['mkfs.ext4', '-q', '-F', '-b', '4096'], sizeBytes: 512 * mib },
  xfs: { command: ['mkfs.xfs', '-q', '-f'], sizeBytes: 512 * mib },
};
/** ext4 can be as small as a full disk should be; XFS begins at 300 MiB. */
const smallBytes: Readonly<Record<FsType, number>> = { ext4: 16 * mib, xfs: 300 * mib };

const usual: EngineOptions = { mountingUserSid: mountingUser.user };

const engineOptions: Readonly<Record<VolumeKind, EngineOptions>> = {
  usual,
  insensitive: { ...usual, caseSensitive: false },
  enforce: { ...usual, permissions: 'enforce' },
  ignore: { ...usual, permissions: 'ignore' },
  'hidden dots': { ...usual, hideDotFiles: true },
  'nfs tags': { ...usual, specialFiles: 'nfs' },
  small: usual,
  'read-only': { ...usual, readOnly: true },
  'faulty disk': usual,
  'short deadline': usual,
  dying: usual,
};

/** Why the suite cannot run here; undefined where it can. */
export function cannotRun(type: FsType): string | undefined {
  const [program] = mkfs[type].command as [string];
  try {
    execFileSync(program, ['-V'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${program} is not installed here`;
  }
}

/** SE_GROUP_MANDATORY, ENABLED_BY_DEFAULT and ENABLED; USE_FOR_DENY_ONLY. */
const enabledGroup = 7;
const denyOnlyGroup = 0x10;

/** What GetTokenInformation would say of a token. */
function accessToken(token: Token): AccessToken {
  const enabled = token.groups.map((sid) => ({ sid, attributes: enabledGroup }));
  const denying = (token.denyOnlyGroups ?? []).map((sid) => ({ sid, attributes: denyOnlyGroup }));
  return {
    userSid: token.user,
    groups: [...enabled, ...denying],
    privileges: new Set(token.privileges),
  };
}

/** What stands between the model and the volume. Another transport has another of these. */
export type TransportFactory = (
  volume: Volume,
  options: EngineOptions,
  host: TransportHost,
  /** After which a request is answered whatever the disk does; the transport's own where not given. */
  deadlineMs?: number,
) => Promise<OpenTransport>;

export interface OpenTransport {
  readonly transport: Transport;
  /** What its driver is told of the volume. */
  readonly parameters: VolumeParameters;
  /** Files that are open inside, to find those that nobody closed. */
  openFiles(): number;
  close(): Promise<void>;
}

/** Mistakes that the dispatcher caught: an exception where there should be a status. */
export const mistakes: unknown[] = [];

/** The dispatcher itself, without a driver's C interface in between. */
export function overDispatcher(mountOptions: WinFspMountOptions = {}): TransportFactory {
  return (volume, options, host, deadlineMs) =>
    openDispatcher(
      { ...mountOptions, ...(deadlineMs === undefined ? {} : { deadlineMs }) },
      volume,
      options,
      host,
    );
}

async function openDispatcher(
  mountOptions: WinFspMountOptions,
  volume: Volume,
  options: EngineOptions,
  host: TransportHost,
): Promise<OpenTransport> {
  const engine = await Engine.open(volume, options);
  const { deadlineMs } = mountOptions;
  const params = encodeVolumeParams(volumeParamsOf(engine.facts, '', mountOptions));
  const dispatcher = new Dispatcher(engine, host.memory, {
    tokens: {
      facts: (handle) => {
        const token = host.tokens.get(handle);
        return token === undefined ? undefined : accessToken(token);
      },
    },
    onMistake: (reason) => mistakes.push(reason),
    ...(deadlineMs === undefined ? {} : { queue: { deadlineMs } }),
  });
  return {
    transport: { transact: (request) => dispatcher.dispatch(request) },
    parameters: readVolumeParameters(params),
    openFiles: () => engine.fileObjects.size,
    close: async () => {
      await dispatcher.drained();
      await engine[Symbol.asyncDispose]();
    },
  };
}

export interface OpenVolume {
  readonly kind: VolumeKind;
  readonly type: FsType;
  readonly image: string;
  readonly kernel: Kernel;
  readonly disk: FaultyDisk;
  readonly volume: Volume;
  readonly linux: VolumeFs;
  readonly driver: Driver;
  readonly win: Program;
  openFiles(): number;
  /** Unmounts, asks the checker; what it said where the image is not clean. The image goes away. */
  close(): Promise<string | undefined>;
  /** Unmounts and leaves the image, for who looks at it; `remove` takes it away. */
  unmount(): Promise<void>;
  remove(): void;
}

export interface VolumeWish {
  readonly kind: VolumeKind;
  readonly type: FsType;
  readonly factory?: TransportFactory;
  readonly seed?: number;
  /** What is there before it is mounted for Windows. */
  readonly prepare?: (linux: VolumeFs) => Promise<void>;
}

function makeImage(folder: string, wish: VolumeWish): string {
  const image = path.join(folder, 'image');
  const { command, sizeBytes } = mkfs[wish.type];
  fs.closeSync(fs.openSync(image, 'w'));
  fs.truncateSync(image, wish.kind === 'small' ? smallBytes[wish.type] : sizeBytes);
  const [program, ...options] = command as [string, ...string[]];
  execFileSync(program, [...options, image], { stdio: 'pipe' });
  return image;
}

/** Makes, boots, mounts. */
export async function openVolume(wish: VolumeWish): Promise<OpenVolume> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-conformance-'));
  const remove = (): void => fs.rmSync(folder, { recursive: true, force: true });
  const kernel = await Kernel.boot();
  try {
    const image = makeImage(folder, wish);
    const faulty = new FaultyDisk(await openFileSource(image, { write: true }));
    const disk = await kernel.attach(faulty);
    const request = { device: disk.name, types: [wish.type], readOnly: false };
    const volume = await kernel.mount(request);
    const linux = volumeFs(volume);
    // The mounting user may make files in the root, as on a disk of one's own.
    await linux.chown('/', 1000, 1000);
    await wish.prepare?.(linux);
    const host = Driver.host();
    const factory = wish.factory ?? overDispatcher();
    const deadlineMs = wish.kind === 'short deadline' ? 2500 : undefined;
    const open = await factory(volume, engineOptions[wish.kind], host, deadlineMs);
    const random = new Random(wish.seed ?? 2);
    const driver = new Driver(open.transport, host, random, open.parameters);
    const unmount = async (): Promise<void> => {
      if (kernel.failure === undefined) {
        await driver.settle();
        await open.close();
        await volume.close();
      }
      await kernel.close();
    };
    return {
      kind: wish.kind,
      type: wish.type,
      image,
      kernel,
      disk: faulty,
      volume,
      linux,
      driver,
      win: new Program(driver),
      openFiles: () => open.openFiles(),
      unmount,
      remove,
      close: async () => {
        try {
          await unmount();
          if (wish.kind === 'dying') return undefined;
          const verdict = await fsckVerdict(image, wish.type);
          return verdict.clean ? undefined : verdict.output;
        } finally {
          remove();
        }
      },
    };
  } catch (error) {
    await kernel.close().catch(() => {});
    remove();
    throw error;
  }
}
