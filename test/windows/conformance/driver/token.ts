/** Access tokens: the token of the process that opens a file, and its handle in this process. */

export type PrivilegeName =
  | 'SeBackupPrivilege'
  | 'SeRestorePrivilege'
  | 'SeSecurityPrivilege'
  | 'SeTakeOwnershipPrivilege'
  | 'SeChangeNotifyPrivilege';

export interface Token {
  /** S-1-5-21-… */
  readonly user: string;
  readonly groups: readonly string[];
  readonly denyOnlyGroups?: readonly string[];
  /** The enabled ones. Every user has SeChangeNotifyPrivilege. */
  readonly privileges: readonly PrivilegeName[];
}

/** The handles of tokens. A handle is valid until the request that carries it is answered. */
export class TokenTable {
  #next = 0x200;
  #tokens = new Map<number, Token>();

  open(token: Token): number {
    this.#next += 4;
    this.#tokens.set(this.#next, token);
    return this.#next;
  }

  close(handle: number): void {
    this.#tokens.delete(handle);
  }

  /** The token of a handle; undefined for a closed handle. */
  get(handle: number): Token | undefined {
    return this.#tokens.get(handle);
  }
}

export const everyone = 'S-1-1-0';
const authenticatedUsers = 'S-1-5-11';
const users = 'S-1-5-32-545';
export const administrators = 'S-1-5-32-544';

/** The user who mounted the volume, in the tests. */
export const mountingUser: Token = {
  user: 'S-1-5-21-1111111111-2222222222-3333333333-1001',
  groups: [everyone, authenticatedUsers, users],
  privileges: ['SeChangeNotifyPrivilege'],
};

/** Another user of the machine. */
export const otherUser: Token = {
  user: 'S-1-5-21-1111111111-2222222222-3333333333-1002',
  groups: [everyone, authenticatedUsers, users],
  privileges: ['SeChangeNotifyPrivilege'],
};

/** A backup program, elevated, with its privileges enabled. */
export const backupOperator: Token = {
  user: 'S-1-5-21-1111111111-2222222222-3333333333-1003',
  groups: [everyone, authenticatedUsers, users, administrators],
  privileges: [
    'SeChangeNotifyPrivilege',
    'SeBackupPrivilege',
    'SeRestorePrivilege',
    'SeSecurityPrivilege',
  ],
};
