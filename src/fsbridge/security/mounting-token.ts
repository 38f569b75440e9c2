/** The token of the mounting user: a Linux account, which Windows' access check is given. */
import { type AccessToken, type Privilege, SE_GROUP } from './access-check.ts';
import { wellKnownSid } from './sid.ts';
import type { SidMap } from './sid-map.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

function mountingToken(
  sids: SidMap,
  { uid, gid }: Account,
  ...privileges: readonly Privilege[]
): AccessToken {
  const { ENABLED: attributes } = SE_GROUP;
  return {
    userSid: sids.uidToSid(uid),
    groups: [
      { sid: sids.gidToSid(gid), attributes },
      { sid: wellKnownSid.EVERYONE, attributes },
      { sid: wellKnownSid.AUTHENTICATED_USERS, attributes },
    ],
    privileges: new Set(privileges),
  };
}

/** The mounting user's tokens, by the privileges that the asking process has. */
export class MountingTokens {
  /** For setting a descriptor: with the right to give a file to anybody, and no other. */
  readonly restoring: AccessToken;
  /** Plain, with backup's privilege (1), with restore's (2), with both (3). */
  readonly #tokens: readonly AccessToken[];

  constructor(sids: SidMap, account: Account) {
    const traverse = 'SeChangeNotifyPrivilege';
    const [backup, restore] = ['SeBackupPrivilege', 'SeRestorePrivilege'] as const;
    this.restoring = mountingToken(sids, account, restore);
    this.#tokens = [
      mountingToken(sids, account, traverse),
      mountingToken(sids, account, traverse, backup),
      mountingToken(sids, account, traverse, restore),
      mountingToken(sids, account, traverse, backup, restore),
    ];
  }

  with(hasBackup: boolean, hasRestore: boolean): AccessToken {
    return this.#tokens[Number(hasBackup) + 2 * Number(hasRestore)] as AccessToken;
  }
}
