/** The options of `fsbridge mount` and what their texts mean. */
import { FsBridgeError } from '../errors.ts';
import type { IdMapping, Permissions } from '../fsbridge/options.ts';
import type { VolumeOptions } from '../volumes/with-volume.ts';

/** As commander hands them over. */
export interface MountOptions extends VolumeOptions {
  readonly foreground?: boolean;
  readonly trace?: string;
  readonly log?: string;
  readonly network?: boolean;
  readonly label?: string;
  readonly permissions?: Permissions;
  readonly case?: 'sensitive' | 'insensitive';
  readonly uidMap?: readonly IdMapping[];
  readonly allowOther?: boolean;
  /** The host's own flags of a mount: nosuid, noexec, noatime and the like, with commas. */
  readonly hostOptions?: string;
}

/**
 * "1000=S-1-5-21-…-1001", with "g" before the number for a group. Throws ERR_USAGE for anything
 * else.
 */
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

export function collectIdMapping(
  text: string,
  before: readonly IdMapping[] | undefined,
): readonly IdMapping[] {
  return [...(before ?? []), parseIdMapping(text)];
}
