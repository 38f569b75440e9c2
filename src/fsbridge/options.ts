/** How a volume is shown to Windows. */

/**
 * Who may do what:
 * - ignore: everybody everything; owners and modes are shown and kept.
 * - map: whoever uses the drive is the Linux user `mountingUid` and may what that user may.
 * - enforce: the request's token is checked against the file's security descriptor.
 */
export type Permissions = 'ignore' | 'map' | 'enforce';

/** A Linux id that has another SID than the rules would give it. */
export interface IdMapping {
  readonly kind: 'user' | 'group';
  readonly id: number;
  /** S-1-… */
  readonly sid: string;
}

export interface EngineOptions {
  /** Names that differ in case alone are different names. Default true, but not on FAT. */
  readonly caseSensitive?: boolean;
  /** Default 'map'. */
  readonly permissions?: Permissions;
  /**
   * The Linux user and group that the mounting user is: owner of what is created. Default: the user to
   * whom uidMap gives the mounting user's SID, or whose disk it seems to be: the owner of the root, the
   * first person who has something there or in /home; where no person has anything, root (0).
   */
  readonly mountingUid?: number;
  readonly mountingGid?: number;
  /** The mounting user's SID; without one the drive's user has the SID of `mountingUid`. */
  readonly mountingUserSid?: string;
  /** Further ids with SIDs of their own. */
  readonly uidMap?: readonly IdMapping[];
  /** Names that begin with a dot get FILE_ATTRIBUTE_HIDDEN. Default false. */
  readonly hideDotFiles?: boolean;
  /** Every change is refused with STATUS_MEDIA_WRITE_PROTECTED. Default: as the volume is mounted. */
  readonly readOnly?: boolean;
  /** Shown in place of the file system's own label. */
  readonly label?: string;
  /** Default: made from the volume's UUID or device. */
  readonly serialNumber?: number;
  /** What programs are told the file system is called. Default: its Linux name. */
  readonly fileSystemName?: string;
  /** How special files (FIFOs, sockets, devices) are shown: WSL's tags or NFS's. Default 'lx'. */
  readonly specialFiles?: 'lx' | 'nfs';
}
