/** Gathers the status of a mount. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Volume } from '../vfs-linux/volume.ts';
import type { VolumeEntry } from '../volumes/choose-volume.ts';
import type { MountStatus } from './control/control-protocol.ts';
import type { Mounted, Transport } from './transport.ts';

const kernelLogLines = 200;
/** The client takes a bounded answer, and JSON writes a control character as six. */
const maxLogChars = 32 * 1024;
const kernelTimeoutMs = 1_000;

export interface StatusParts {
  readonly run: {
    readonly source: string;
    readonly target: string;
    readonly transport: Transport;
    readonly mountedAt: Date;
    readonly logFile: string | undefined;
  };
  readonly startMs: number | null;
  readonly volume: Volume;
  readonly entry: VolumeEntry;
  readonly mounted: Mounted;
}

/** Lines such as "Cached:          1234 kB" of /proc/meminfo, in bytes. */
function meminfo(text: string, name: string): number | null {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

/** The kernel's /proc/meminfo; empty where it is dead, or waits for a disk that does not answer. */
async function kernelMemory(volume: Volume): Promise<string> {
  if (volume.kernel.failure !== undefined) return '';
  const late = sleep(kernelTimeoutMs, '', { ref: false });
  return Promise.race([volume.kernel.readOwn('/proc/meminfo').catch(() => ''), late]);
}

/** The last of these lines, as many as an answer has room for. */
function lastLines(lines: readonly string[]): string[] {
  let chars = 0;
  const first = lines.findLastIndex((line) => {
    chars += line.length;
    return chars > maxLogChars;
  });
  return lines.slice(first + 1);
}

export async function gatherStatus(parts: StatusParts): Promise<MountStatus> {
  const { run, volume, entry, mounted } = parts;
  const { kernel } = volume;
  const memory = await kernelMemory(volume);
  const statistics = mounted.statistics();
  return {
    pid: process.pid,
    source: run.source,
    target: mounted.mountPoint,
    transport: run.transport.name,
    volume: {
      id: entry.id,
      type: volume.type,
      label: entry.detected?.label ?? null,
      uuid: entry.detected?.uuid ?? null,
    },
    readOnly: volume.readOnly,
    mountedAt: run.mountedAt.toISOString(),
    uptimeSeconds: Math.round((Date.now() - run.mountedAt.getTime()) / 1000),
    startMs: parts.startMs,
    requests: statistics.operations,
    queue: statistics.queue ?? null,
    caches: statistics.caches ?? {},
    kernelRequestsInFlight: kernel.requestsInFlight,
    blockIo: { ...kernel.diskCounters },
    memory: {
      residentBytes: process.memoryUsage.rss(),
      kernelBytes: kernel.memoryBytes,
      freeBytes: meminfo(memory, 'MemFree'),
      cachedBytes: meminfo(memory, 'Cached'),
      dirtyBytes: meminfo(memory, 'Dirty'),
    },
    failure: kernel.failure?.why ?? null,
    kernelLog: lastLines(kernel.log.last(kernelLogLines)),
    logFile: run.logFile ?? null,
  };
}
