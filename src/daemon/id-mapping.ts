/** --uid-map: which Linux user or group stands for which SID of Windows. */
import { FsBridgeError } from '../errors.ts';
import type { IdMapping } from '../fsbridge/options.ts';

/** "1000=S-1-5-21-…-1001", with "g" before the number for a group. Throws ERR_USAGE otherwise. */
export function parseIdMapping(text: string): IdMapping {
  const [, group, id, sid] = /^(g?)(\d{1,10})=(S-1-\d+(?:-\d+)*)$/i.exec(text) ?? [];
  if (id !== undefined && sid !== undefined && Number(id) < 0xffffffff) {
    return { kind: group === '' ? 'user' : 'group', id: Number(id), sid: sid.toUpperCase() };
  }
  throw new FsBridgeError(
    'ERR_USAGE',
    '--uid-map',
    `"${text}" is not a mapping`,
    'Write a Linux id and a SID: --uid-map 1000=S-1-5-21-1-2-3-1001, or g100=... for a group.',
  );
}

/** For commander: adds one mapping to those that it has read before. */
export function collectIdMapping(
  text: string,
  before: readonly IdMapping[] | undefined,
): readonly IdMapping[] {
  return [...(before ?? []), parseIdMapping(text)];
}
