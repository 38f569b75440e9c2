/** What GetTokenInformation fills in, byte by byte as winnt.h lays it out on 64-bit Windows. */
import { expect, test } from 'vitest';
import {
  readGroups,
  readIdentity,
  readPrivileges,
  readSid,
  readUser,
} from '../../../src/winfsp/wire/token-information.ts';
import { hex } from '../../support/windows/records.ts';

const address = 0x1_0000_1000n;

test('a user is a pointer to a SID, and attributes', () => {
  const bytes = hex(`
    1010000001000000 10000000 00000000     // Sid: 16 further on; SE_GROUP_USE_FOR_DENY_ONLY
    01 05 000000000005 15000000 01000000 02000000 03000000 e9030000
  `);
  expect(readUser({ bytes, address })).toEqual({ sid: 'S-1-5-21-1-2-3-1001', isDenyOnly: true });
  expect(readSid({ bytes, address })).toBe('S-1-5-21-1-2-3-1001');
});

test('a pointer out of the buffer is no SID', () => {
  const away = hex('0000000000000000 00000000 00000000');
  expect(readUser({ bytes: away, address })).toBeUndefined();
  const tooFar = hex('1010000001000000 00000000 00000000');
  expect(readUser({ bytes: tooFar, address })).toBeUndefined();
  const cut = hex('1010000001000000 00000000 00000000 01 05 000000000005');
  expect(readUser({ bytes: cut, address })).toBeUndefined();
});

test('groups come with their attributes', () => {
  const bytes = hex(`
    02000000 00000000
    2810000001000000 07000000 00000000
    3410000001000000 10000000 00000000
    01 01 000000000001 00000000              // Everyone, at 40
    01 02 000000000005 20000000 20020000     // Administrators, at 52
  `);
  expect(readGroups({ bytes, address })).toEqual([
    { sid: 'S-1-1-0', attributes: 7 },
    { sid: 'S-1-5-32-544', attributes: 0x10 },
  ]);
});

test('only enabled privileges are read', () => {
  const bytes = hex(`
    04000000
    1100000000000000 02000000                // SeBackupPrivilege, enabled
    1200000000000000 00000000                // SeRestorePrivilege, not enabled
    1700000000000000 03000000                // SeChangeNotifyPrivilege, enabled by default too
    6300000000000000 02000000                // no privilege of files
  `);
  expect([...readPrivileges({ bytes, address })]).toEqual([
    'SeBackupPrivilege',
    'SeChangeNotifyPrivilege',
  ]);
});

test('two handles to one token have one identity, a changed token has another', () => {
  const statistics = (id: string, modified: string): string =>
    readIdentity({
      bytes: hex(`
      ${id} e703000000000000 ffffffffffffff7f  // TokenId, AuthenticationId, ExpirationTime
      02000000 01000000 00000000 00000000      // TokenType, level, DynamicCharged, -Available
      0c000000 05000000 ${modified}            // GroupCount, PrivilegeCount, ModifiedId
    `),
      address,
    });
  const first = statistics('0100000000000000', 'aa00000000000000');
  expect(statistics('0200000000000000', 'aa00000000000000')).toBe(first);
  expect(statistics('0100000000000000', 'ab00000000000000')).not.toBe(first);
});
