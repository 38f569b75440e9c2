/**
 * Whether an XFS log is clean: whether the record before its head is an unmount record.
 *
 * The log is a ring of 512-byte blocks. Each begins with the number of the round («cycle») in which
 * it was written, so the head is where the number drops. This follows xlog_find_head() and
 * xlog_check_unmount_rec() in the kernel's fs/xfs/xfs_log_recover.c, without their check of record
 * checksums: a torn last record counts as dirty here, and it is.
 *
 * Invariants: nothing is written; at most the 2 MiB before the head are read, in pieces.
 */

import type { CachedReader } from '../cached-reader.ts';
import type { Fields } from '../fields.ts';

const blockBytes = 512;
const XLOG_HEADER_MAGIC_NUM = 0xfeedbabe;
const XLOG_VERSION_2 = 2;
const XLOG_UNMOUNT_TRANS = 0x20;
const XLOG_HEADER_CYCLE_SIZE = 32 * 1024;
/** How large a record may be, in either format of the log, and how many may be in flight. */
const maxRecordBlocks1: number = (32 * 1024) / blockBytes;
const maxRecordBlocks2: number = (256 * 1024) / blockBytes;
const XLOG_MAX_ICLOGS = 8;
const pieceBlocks = 512;
/** XFS_MAX_LOG_BYTES is 2 GiB less a page. */
const maxLogBlocks: number = (2 * 1024 ** 3) / blockBytes;

/** struct xlog_rec_header, by the offsets of its fields. */
const h_version_at = 8;
const h_len_at = 12;
const h_num_logops_at = 40;
const h_fmt_at = 300;
const h_size_at = 320;
/** Where a log operation has its flags: struct xlog_op_header. */
const oh_flags_at = 9;

export interface LogGeometry {
  readonly offsetBytes: number;
  /** In blocks of 512 bytes. */
  readonly blocks: number;
  /** Log format 2: records of up to 256 KiB. */
  readonly version2: boolean;
}

/** Thrown and caught in this file alone: a block of the log cannot be read. */
class Unreadable extends Error {}

class Log {
  readonly #disk: CachedReader;
  readonly #geometry: LogGeometry;
  readonly blocks: number;
  readonly recordBlocks: number;

  constructor(disk: CachedReader, geometry: LogGeometry) {
    this.#disk = disk;
    this.#geometry = geometry;
    this.blocks = geometry.blocks;
    this.recordBlocks = geometry.version2 ? maxRecordBlocks2 : maxRecordBlocks1;
  }

  get version2(): boolean {
    return this.#geometry.version2;
  }

  async read(block: number, count = 1): Promise<Fields> {
    const at = this.#geometry.offsetBytes + block * blockBytes;
    const fields = block < 0 ? undefined : await this.#disk.fields(at, count * blockBytes);
    if (fields === undefined) throw new Unreadable();
    return fields.big;
  }

  async cycle(block: number): Promise<number> {
    return cycleAt(await this.read(block), 0);
  }
}

/** xlog_get_cycle(): a record's header has its magic first and the cycle second. */
function cycleAt(fields: Fields, at: number): number {
  return fields.u32(at) === XLOG_HEADER_MAGIC_NUM ? fields.u32(at + 4) : fields.u32(at);
}

/** First block of [first, last] whose cycle is `cycle`, given that the last one's is. */
async function findCycleStart(log: Log, first: number, last: number, cycle: number) {
  let low = first;
  let high = last;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((await log.cycle(middle)) === cycle) high = middle;
    else low = middle;
  }
  return high;
}

/** First block of the range that has this cycle. */
async function findCycleIn(log: Log, start: number, count: number, cycle: number) {
  for (let at = start; at < start + count; at += pieceBlocks) {
    const blocks = Math.min(pieceBlocks, start + count - at);
    const piece = await log.read(at, blocks);
    for (let i = 0; i < blocks; i++) {
      if (cycleAt(piece, i * blockBytes) === cycle) return at + i;
    }
  }
  return undefined;
}

/** The last record header in [first, end), and its block. */
async function findHeaderBefore(log: Log, first: number, end: number) {
  for (let at = end; at > first; at -= pieceBlocks) {
    const from = Math.max(first, at - pieceBlocks);
    const piece = await log.read(from, at - from);
    for (let i = at - from - 1; i >= 0; i--) {
      if (piece.u32(i * blockBytes) === XLOG_HEADER_MAGIC_NUM) {
        return { block: from + i, header: piece.from(i * blockBytes) };
      }
    }
  }
  return undefined;
}

function headerBlocks(log: Log, header: Fields): number {
  const sizeBytes = header.u32(h_size_at);
  const large =
    log.version2 &&
    (header.u32(h_version_at) & XLOG_VERSION_2) !== 0 &&
    sizeBytes > XLOG_HEADER_CYCLE_SIZE;
  return large ? Math.ceil(sizeBytes / XLOG_HEADER_CYCLE_SIZE) : 1;
}

function recordBlocks(log: Log, header: Fields): number {
  return headerBlocks(log, header) + Math.ceil(header.u32(h_len_at) / blockBytes);
}

/** Moves a head that points into the middle of a record to the record's start. */
async function snapToRecord(log: Log, head: number): Promise<number | undefined> {
  const found = await findHeaderBefore(log, Math.max(0, head - log.recordBlocks), head);
  if (found !== undefined) {
    return head - found.block === recordBlocks(log, found.header) ? head : found.block;
  }
  if (head >= log.recordBlocks) return undefined;
  // The record before the head began at the physical end of the log.
  const wrapped = await findHeaderBefore(log, log.blocks - log.recordBlocks + head, log.blocks);
  if (wrapped === undefined) return undefined;
  const reach = log.blocks - wrapped.block + head;
  return reach === recordBlocks(log, wrapped.header) ? head : wrapped.block;
}

/** Where a log that was never written to its end stops: xlog_find_zeroed(). */
async function headBeforeZeroes(log: Log): Promise<number | undefined> {
  let last = await findCycleStart(log, 0, log.blocks - 1, 0);
  const scan = Math.min(last, log.recordBlocks * XLOG_MAX_ICLOGS);
  last = (await findCycleIn(log, last - scan, scan, 0)) ?? last;
  return snapToRecord(log, last);
}

/** xlog_find_head() for a log that was written to its end at least once. */
async function headOfFullLog(log: Log, first: number, last: number): Promise<number | undefined> {
  const uniform = first === last;
  const stopOn = uniform ? last - 1 : last;
  let head = uniform ? log.blocks : await findCycleStart(log, 0, log.blocks - 1, last);
  const scan = Math.min(log.blocks, log.recordBlocks * XLOG_MAX_ICLOGS);
  if (head >= scan) {
    head = (await findCycleIn(log, head - scan, scan, stopOn)) ?? head;
  } else {
    const count = scan - head;
    const hole = await findCycleIn(log, log.blocks - count, count, stopOn - 1);
    head = hole ?? (await findCycleIn(log, 0, head, stopOn)) ?? head;
  }
  return snapToRecord(log, head);
}

/** The head's block; 0 where the log has just come round; undefined where it makes no sense. */
async function findHead(log: Log): Promise<number | undefined> {
  const first = await log.cycle(0);
  if (first === 0) return undefined;
  const last = await log.cycle(log.blocks - 1);
  if (last === 0) return headBeforeZeroes(log);
  const head = await headOfFullLog(log, first, last);
  return head === log.blocks ? 0 : head;
}

/** xlog_check_unmount_rec(): whether the record that ends at the head is an unmount record. */
async function endsWithUnmount(log: Log, head: number): Promise<boolean> {
  const last =
    (await findHeaderBefore(log, Math.max(0, head - log.recordBlocks), head)) ??
    (await findHeaderBefore(log, Math.max(head, log.blocks - log.recordBlocks), log.blocks));
  if (last === undefined) return false;
  const end = (last.block + recordBlocks(log, last.header)) % log.blocks;
  if (end !== head || last.header.u32(h_num_logops_at) !== 1) return false;
  const operation = await log.read((last.block + headerBlocks(log, last.header)) % log.blocks);
  return (operation.u8(oh_flags_at) & XLOG_UNMOUNT_TRANS) !== 0;
}

/**
 * true: the file system was unmounted, nothing to replay. false: the log needs recovery. undefined:
 * the log cannot be read or makes no sense.
 */
export async function logIsClean(
  disk: CachedReader,
  geometry: LogGeometry,
): Promise<boolean | undefined> {
  const log = new Log(disk, geometry);
  if (log.blocks < 2 || log.blocks > maxLogBlocks) return undefined;
  try {
    const head = await findHead(log);
    return head === undefined ? undefined : await endsWithUnmount(log, head);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** Whether the sectors (big-endian) hold a log record's header, and no XFS superblock before it. */
export function findLogRecord(sectors: Fields): boolean {
  for (let at = 0; at + blockBytes <= sectors.length; at += blockBytes) {
    if (sectors.matches(at, 'XFSB')) return false;
    const version = sectors.u32(at + h_version_at);
    const lengthBytes = sectors.u32(at + h_len_at);
    const format = sectors.u32(at + h_fmt_at);
    const valid =
      sectors.u32(at) === XLOG_HEADER_MAGIC_NUM &&
      (version === 1 || version === 2 || version === 3) &&
      lengthBytes > 0 &&
      lengthBytes < 2 ** 31 &&
      format >= 1 &&
      format <= 3;
    if (valid) return true;
  }
  return false;
}
