/** The suite's transport: src/winfsp's dispatcher on the engine, without a driver's C interface. */
import { Engine } from '../../../src/fsbridge/engine.ts';
import type { EngineOptions } from '../../../src/fsbridge/options.ts';
import type { AccessToken } from '../../../src/fsbridge/security/access-check.ts';
import type { Volume } from '../../../src/vfs-linux/volume.ts';
import { Dispatcher } from '../../../src/winfsp/dispatcher.ts';
import type { WinFspMountOptions } from '../../../src/winfsp/mount-options.ts';
import { volumeParamsOf } from '../../../src/winfsp/volume-parameters.ts';
import { encodeVolumeParams } from '../../../src/winfsp/wire/volume-params.ts';
import { transact } from '../../support/windows/single-record.ts';
import type { Token } from './driver/token.ts';
import type { Transport, TransportHost } from './driver/transport.ts';
import { readVolumeParameters, type VolumeParameters } from './driver/volume-parameters.ts';

/** SE_GROUP_MANDATORY, ENABLED_BY_DEFAULT and ENABLED; USE_FOR_DENY_ONLY. */
const enabledGroup = 7;
const denyOnlyGroup = 0x10;

/** What GetTokenInformation would answer for a token. */
function accessToken(token: Token): AccessToken {
  const enabled = token.groups.map((sid) => ({ sid, attributes: enabledGroup }));
  const denying = (token.denyOnlyGroups ?? []).map((sid) => ({ sid, attributes: denyOnlyGroup }));
  return {
    userSid: token.user,
    groups: [...enabled, ...denying],
    privileges: new Set(token.privileges),
  };
}

/** Opens what stands between the model and a volume. */
export type TransportFactory = (
  volume: Volume,
  options: EngineOptions,
  host: TransportHost,
  /** A request is answered after this time at the latest; default: the transport's own. */
  deadlineMs?: number,
) => Promise<OpenTransport>;

export interface OpenTransport {
  readonly transport: Transport;
  /** What its driver is told of the volume. */
  readonly parameters: VolumeParameters;
  /** How many files are open inside: a file that is never closed shows here. */
  openFiles(): number;
  close(): Promise<void>;
}

/** Exceptions that the dispatcher caught where it expected a status. */
export const mistakes: unknown[] = [];

export function overDispatcher(mountOptions: WinFspMountOptions = {}): TransportFactory {
  return async (volume, engineOptions, host, deadlineMs) => {
    const engine = await Engine.open(volume, engineOptions);
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
      transport: { transact: (request) => transact(dispatcher, request) },
      parameters: readVolumeParameters(params),
      openFiles: () => engine.fileObjects.size,
      close: async () => {
        await dispatcher.drained();
        await engine[Symbol.asyncDispose]();
      },
    };
  };
}
