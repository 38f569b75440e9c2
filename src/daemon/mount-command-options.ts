/** The options of `fsbridge mount`. */
import type { IdMapping, Permissions } from '../fsbridge/options.ts';
import type { VolumeOptions } from '../volumes/with-volume.ts';

/** The options in commander's form. */
export interface MountCommandOptions extends VolumeOptions {
  readonly trace?: string;
  readonly log?: string;
  readonly network?: boolean;
  readonly label?: string;
  readonly permissions?: Permissions;
  readonly case?: 'sensitive' | 'insensitive';
  readonly uidMap?: readonly IdMapping[];
  readonly allowOther?: boolean;
  /** Flags of the mount in this Linux, separated by commas: nosuid, noexec, noatime and so on. */
  readonly hostOptions?: string;
}
