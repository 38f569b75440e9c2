/**
 * A mounted volume as the engine sees it (NT's volume control block): what every request needs.
 * open-volume.ts composes it.
 */
import type { LinuxCalls } from '../vfs-linux/calls.ts';
import type { FileSystemTraits } from '../vfs-linux/file-system-traits.ts';
import type { LookupWant } from '../vfs-linux/lookup.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import type { DirectoryNames } from './directory-names.ts';
import type { DirectoryReader } from './directory-reader.ts';
import type { Fcb } from './fcb.ts';
import type { FcbTable } from './fcb-table.ts';
import type { FileObjectTable } from './file-object-table.ts';
import type { Permissions } from './options.ts';
import type { DescriptorCache } from './security/descriptor-cache.ts';
import type { Account, MountingTokens } from './security/mounting-token.ts';
import type { VolumeLabel } from './volume-label.ts';

export interface Vcb {
  readonly volume: Volume;
  readonly readOnly: boolean;
  readonly permissions: Permissions;
  /** What the file system keeps of what it is given. */
  readonly traits: FileSystemTraits;
  /** Whether this volume keeps user.* attributes. */
  readonly hasXattrs: boolean;
  /** What the kernel looks up along with a statx. */
  readonly lookupWant: LookupWant | undefined;
  /** As root, with every capability: what may be done is decided here, not by the kernel. */
  readonly calls: LinuxCalls;
  /** The same, but what they create belongs to the mounting user. */
  readonly creating: LinuxCalls;
  /** The mounting user's Linux account. */
  readonly account: Account;
  readonly root: Fcb;
  readonly files: FcbTable;
  readonly fileObjects: FileObjectTable;
  readonly names: DirectoryNames;
  readonly directories: DirectoryReader;
  readonly descriptors: DescriptorCache;
  readonly mountingTokens: MountingTokens;
  readonly label: VolumeLabel;
}
