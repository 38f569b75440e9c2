/**
 * A disk of a ZFS pool. Four labels of 256 KiB, two at the start and two at the end, each with a
 * list of names and values and 128 root blocks; four root blocks make a certain match (libblkid
 * zfs.c; OpenZFS's include/sys/vdev_impl.h).
 */

import type { CachedReader } from '../cached-reader.ts';
import { members } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { type Format, format } from '../format.ts';
import { coveredByPartition } from '../partition-cover.ts';
import { byteLabel } from '../text.ts';

const labelBytes = 256 * 1024;
const listAt = 16 * 1024;
const listBytes = 4096;
const rootsAt = 128 * 1024;
const rootBytes = 1024;
const wantedRoots = 4;
const UBERBLOCK_MAGIC = 0x00bab10cn;
const DATA_TYPE_UINT64 = 8;
const DATA_TYPE_STRING = 9;
const DATA_TYPE_NVLIST = 19;

interface Names {
  name?: string | undefined;
  guid?: bigint;
  poolGuid?: bigint;
  blockLog?: number;
}

/** Root blocks are in the byte order of the machine that wrote them; the last one found counts. */
function rootBlocks(label: Fields): { count: number; version: bigint } {
  let count = 0;
  let version = 0n;
  for (let at = rootsAt; at < labelBytes; at += rootBytes) {
    const root = [label, label.big].find((order) => order.big64(at) === UBERBLOCK_MAGIC);
    if (root === undefined) continue;
    count++;
    version = root.big64(at + 8);
  }
  return { count, version };
}

function takeValue(names: Names, name: string, value: Fields, nested: boolean): void {
  const type = value.u32(0);
  if (type === DATA_TYPE_STRING && name === 'name' && !nested) {
    names.name = byteLabel(value.slice(12, value.u32(8)));
  }
  if (type !== DATA_TYPE_UINT64 || value.length < 16) return;
  if (name === 'guid' && !nested) names.guid = value.big64(8);
  if (name === 'pool_guid' && !nested) names.poolGuid = value.big64(8);
  if (name === 'ashift' && value.big64(8) < 32n) names.blockLog = value.u32(12);
}

/** The names in an XDR-encoded list; lists within the list are entered, not skipped. */
function readNames(list: Fields): Names {
  const names: Names = {};
  let depth = 0;
  let at = 12;
  while (at + 12 < list.length) {
    const size = list.u32(at);
    if (size === 0) {
      if (depth === 0) break;
      depth--;
      at += 8;
      continue;
    }
    const nameBytes = list.u32(at + 8);
    const padded = Math.ceil(nameBytes / 4) * 4;
    if (at + size > list.length || padded + 12 > size) break;
    const name = Buffer.from(list.slice(at + 12, nameBytes)).toString('latin1');
    const value = list.from(at + 12 + padded);
    if (value.u32(0) === DATA_TYPE_NVLIST && size - padded - 12 >= 16) {
      depth++;
      at += 12 + padded + 16;
      continue;
    }
    takeValue(names, name, value, depth > 0);
    at += size;
  }
  return names;
}

async function findLabel(disk: CachedReader): Promise<{ at: number; version: bigint } | undefined> {
  const end = Math.floor(disk.sizeBytes / labelBytes) * labelBytes;
  let count = 0;
  for (const at of [0, labelBytes, end - 2 * labelBytes, end - labelBytes]) {
    if (await coveredByPartition(disk, at, labelBytes)) continue;
    const label = await disk.fields(at, labelBytes);
    if (label === undefined) return undefined;
    const roots = rootBlocks(label);
    count += roots.count;
    if (roots.count > 0 && count >= wantedRoots) return { at, version: roots.version };
  }
  return undefined;
}

/** Its root blocks may be anywhere in the labels: it has no magic number in a known place. */
export const zfs: Format = format({
  type: 'zfs_member',
  kind: 'member',
  minBytes: 64 * 1024 * 1024,
  magics: [],
  async details(_, { disk }) {
    const found = await findLabel(disk);
    if (found === undefined) return undefined;
    const list = await disk.fields(found.at + listAt, listBytes);
    const names = list === undefined ? {} : readNames(list.big);
    const uuid = names.poolGuid?.toString();
    return {
      label: names.name,
      uuid,
      version: found.version.toString(),
      blockSizeBytes: names.blockLog === undefined ? undefined : 2 ** names.blockLog,
      members: members({ fsUuid: uuid, deviceUuid: names.guid?.toString() }),
    };
  },
});
