/**
 * The results of each kind of request: the members of FSP_FSCTL_TRANSACT_RSP's union, with offsets
 * from the response's start.
 */
import { type Layout, layout } from './layout.ts';

const start = 24;

const openedFields = {
  UserContext: 'u64',
  UserContext2: 'u64',
  GrantedAccess: 'u32',
  SecurityDescriptor: 'buf',
  FileInfo: ['u64', 9],
  FileName: 'buf',
  Flags: 'u32',
} as const;

export const openedResponse: Layout<typeof openedFields> = layout(
  'Create.Opened',
  128,
  openedFields,
  start,
);

/** The bits of openedResponse.Flags. */
export const openedFlags = { DisableCache: 1, HasSecurityDescriptor: 2 } as const;

const bufferFields = { Buffer: 'buf' } as const;

/** Create.Reparse, QueryEa, SetSecurity, QuerySecurity, the controls: one buffer. */
export const bufferResponse: Layout<typeof bufferFields> = layout(
  'Reparse',
  28,
  bufferFields,
  start,
);

const infoFields = { FileInfo: ['u64', 9], Ea: 'buf' } as const;

/** For every kind that answers a FILE_INFO. Ea belongs to SetEa alone. */
export const infoResponse: Layout<typeof infoFields> = layout('SetEa', 104, infoFields, start);
