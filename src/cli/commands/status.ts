/** `fsbridge status`: shows the mounts that run, and their figures. */
import type { Command } from 'commander';
import { type ForeignMount, findForeignMounts, findMounts } from '../../daemon/control/client.ts';
import type { MountStatus } from '../../daemon/control/control-protocol.ts';
import { findMountPoint, fuseOwner } from '../../host/mountinfo.ts';
import { userName } from '../../host/user-name.ts';
import { escapeText } from '../../observe/display-names.ts';
import { warn } from '../../observe/messages.ts';
import type { OperationSummary } from '../../observe/request-statistics.ts';
import { count, formatPercent, formatSize, formatTable } from '../format.ts';
import { newCommand } from '../options.ts';
import { output } from '../output.ts';

interface StatusOptions {
  readonly json?: boolean;
}

const shownLogLines = 5;
const secondsOf = { day: 86_400, hour: 3_600, minute: 60 };

/** "3 days 2 hours", "12 minutes", "5 seconds": the two largest units. */
export function formatDuration(seconds: number): string {
  const parts: string[] = [];
  let rest = seconds;
  for (const [unit, length] of Object.entries(secondsOf)) {
    const whole = Math.floor(rest / length);
    rest -= whole * length;
    if (whole > 0) parts.push(count(whole, unit));
  }
  if (parts.length === 0) return count(rest, 'second');
  return parts.slice(0, 2).join(' ');
}

/** Microseconds in a unit that fits: "3.1 us", "12.0 ms", "2.5 s". */
export function formatLatency(us: number): string {
  if (us < 1000) return `${us.toFixed(1)} us`;
  return us < 1_000_000 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1_000_000).toFixed(1)} s`;
}

function requestRows(requests: readonly OperationSummary[]): string[][] {
  return [...requests]
    .sort((a, b) => b.count - a.count)
    .map((one) => [
      one.operation,
      one.count.toLocaleString('en-US'),
      one.errors.toLocaleString('en-US'),
      ...[one.meanUs, one.p50Us, one.p95Us, one.p99Us, one.maxUs].map(formatLatency),
    ]);
}

function linesOf(status: MountStatus): string[] {
  const { volume, blockIo, memory, queue } = status;
  const label = volume.label === null ? '' : ` "${volume.label}"`;
  const lines = [
    `${status.target}: ${status.source}, volume ${volume.id} (${volume.type}${label}), ` +
      `${status.readOnly ? 'read-only' : 'read and write'}; process ${status.pid}, ` +
      `for ${formatDuration(status.uptimeSeconds)}`,
  ];
  if (status.failure !== null) lines.push(`  The kernel is dead: ${status.failure}`);
  if (status.requests.length > 0) {
    const head = ['REQUEST', 'COUNT', 'ERRORS', 'MEAN', 'P50', 'P95', 'P99', 'MAX'];
    const table = formatTable(
      [head, ...requestRows(status.requests)],
      new Set([1, 2, 3, 4, 5, 6, 7]),
    );
    lines.push(...table.map((line) => `  ${line}`));
  }
  if (queue !== null) {
    const late = queue.late > 0 ? `, ${queue.late} without an answer from the disk` : '';
    lines.push(`  queue: ${queue.inFlight} running, ${queue.waiting} waiting${late}`);
  }
  for (const [name, { hits, misses, entries }] of Object.entries(status.caches)) {
    const ratio = formatPercent(hits, hits + misses);
    lines.push(`  ${name}: ${ratio} of ${count(hits + misses, 'look-up')}, ${entries} kept`);
  }
  lines.push(
    `  disk: ${count(blockIo.reads, 'read')} (${formatSize(blockIo.bytesRead)}), ` +
      `${count(blockIo.writes, 'write')} (${formatSize(blockIo.bytesWritten)}), ` +
      `${count(blockIo.flushes, 'flush', 'flushes')}`,
    `  memory: ${formatSize(memory.residentBytes)} resident; kernel ` +
      `${formatSize(memory.kernelBytes)}, of which ${sizeOrUnknown(memory.cachedBytes)} cache, ` +
      `${sizeOrUnknown(memory.dirtyBytes)} to be written, ${sizeOrUnknown(memory.freeBytes)} free`,
  );
  const log = status.kernelLog.slice(-shownLogLines);
  if (log.length > 0)
    lines.push('  last messages of the kernel:', ...log.map((line) => `    ${line}`));
  return lines;
}

function sizeOrUnknown(bytes: number | null): string {
  return bytes === null ? 'unknown' : formatSize(bytes);
}

/** Another user's mount: what that user's process says, and what this Linux knows. */
function lineOfForeign({ pid, uid, claim }: ForeignMount): string {
  const { source = '', target = '' } = claim ?? {};
  const entry = findMountPoint(target);
  const isThere = entry !== undefined && fuseOwner(entry) === uid;
  const place = isThere ? '' : '; that user has nothing mounted there';
  const user = userName(uid);
  return `${target}: ${source}, as process ${pid} of another user, ${user}, says${place}`;
}

async function status(options: StatusOptions): Promise<void> {
  const [mounts, foreign] = await Promise.all([findMounts(), findForeignMounts()]);
  const answers = mounts.flatMap((mount) => (mount.status === undefined ? [] : [mount.status]));
  for (const mount of mounts) {
    if (mount.status === undefined) {
      warn(`the mount of process ${mount.control.pid} does not answer.`);
    }
  }
  const claims = foreign.filter(({ claim }) => claim !== undefined);
  for (const { pid, uid, claim } of foreign) {
    if (claim === undefined) {
      warn(`process ${pid} of another user, ${userName(uid)}, does not answer.`);
    }
  }
  if (options.json === true) {
    const others = claims.map(({ claim, ...peer }) => ({ foreign: true, ...peer, ...claim }));
    await output.jsonLine(JSON.stringify([...answers, ...others], undefined, 2));
  } else if (answers.length + claims.length === 0) {
    await output.line('Nothing is mounted.');
  } else {
    const parts = [...answers.map(linesOf), ...claims.map((one) => [lineOfForeign(one)])];
    await output.line(parts.map((lines) => lines.map(escapeText).join('\n')).join('\n\n'));
  }
}

export function statusCommand(): Command {
  return newCommand('status', 'show the mounts that run', [
    'status --json            # every figure, for a program',
    'status',
  ])
    .option('--json', 'print an array of JSON objects, one a mount')
    .action(status);
}
