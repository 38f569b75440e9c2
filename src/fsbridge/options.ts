/** How a volume is shown to Windows. */

/**
 * Which rights a request has:
 * - ignore: all of them; owners and modes are shown and kept.
 * - map: those of the mounting user's Linux account.
 * - enforce: those that the file's security descriptor gives the request's token.
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
  /** Names that differ in case alone are different names. Default: as the file system has it. */
  readonly caseSensitive?: boolean;
  /** Default 'map'. */
  readonly permissions?: Permissions;
  /**
   * The SID of the mounting user, who owns what is created. The user's Linux account is the one
   * that uidMap gives this SID, or the one whose disk it seems to be: the owner of the root, or the
   * person with the lowest uid who has something there or in /home; where no person has anything,
   * root (0). Without a SID the account's own is shown.
   */
  readonly mountingUserSid?: string;
  /** Further ids with SIDs of their own. */
  readonly uidMap?: readonly IdMapping[];
  /**
   * Every change is refused with STATUS_MEDIA_WRITE_PROTECTED. Default: as the volume is mounted.
   */
  readonly readOnly?: boolean;
  /** Shown in place of the file system's own label. */
  readonly label?: string;
}
