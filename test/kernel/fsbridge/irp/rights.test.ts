/**
 * Who may do what, in the three ways that a volume can be shown, and what a new file's owner is.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DISPOSITION } from '../../../../src/fsbridge/nt.ts';
import type { AccessToken, Privilege } from '../../../../src/fsbridge/security/access-check.ts';
import { ACCESS } from '../../../../src/fsbridge/security/access-rights.ts';
import { wellKnownSid } from '../../../../src/fsbridge/security/sid.ts';
import { cannotMount } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';
import { Client, freshClient } from '../../../support/windows/engine-client.ts';

const me = 'S-1-5-21-1-2-3-1001';
const enabled = 4;

function tokenOf(userSid: string, ...privileges: Privilege[]): AccessToken {
  const groups = [{ sid: wellKnownSid.EVERYONE, attributes: enabled }];
  return { userSid, groups, privileges: new Set(privileges) };
}

const { FILE_GENERIC_READ: read, FILE_GENERIC_WRITE: write, FILE_ALL_ACCESS } = ACCESS;
const root = tokenOf('S-1-22-1-0');
const mine = tokenOf(me);
const other = tokenOf('S-1-22-1-2000');

describeUnless(cannotMount())('rights', () => {
  let map: Client;
  let enforce: Client;
  let ignore: Client;

  beforeAll(async () => {
    map = await freshClient({ mountingUserSid: me });
    enforce = await map.with({ permissions: 'enforce', mountingUserSid: me });
    ignore = await map.with({ permissions: 'ignore' });
    const { linux } = map;
    await linux.chmod('/', 0o777);
    for (const [name, uid, mode] of [
      ['mine', 1000, 0o600],
      ['mine-closed', 1000, 0o000],
      ['readable', 0, 0o644],
      ['secret', 0, 0o600],
    ] as const) {
      await linux.writeFile(`/${name}`, name);
      await linux.chown(`/${name}`, uid, uid);
      await linux.chmod(`/${name}`, mode);
    }
    await linux.mkdir('/closed', { mode: 0o700 });
    await linux.writeFile('/closed/file', 'x');
    await linux.chmod('/closed/file', 0o644);
  });
  afterAll(async () => {
    for (const client of [map, enforce, ignore]) await client[Symbol.asyncDispose]();
    await map.fresh.close();
  });

  const asks = (
    client: Client,
    name: string,
    desiredAccess: number,
    token?: AccessToken,
  ): Promise<string> => {
    const accessToken = token === undefined ? undefined : Client.token(token);
    return client.tryCreate(`\\${name}`, { desiredAccess, accessToken });
  };

  test.each([
    ['map', 'mine', FILE_ALL_ACCESS, undefined, 'SUCCESS 1'],
    ['map', 'readable', read | ACCESS.EXECUTE, undefined, 'SUCCESS 1'],
    ['map', 'readable', write, undefined, 'ACCESS_DENIED'],
    ['map', 'secret', read, undefined, 'ACCESS_DENIED'],
    ['map', 'closed\\file', read, undefined, 'SUCCESS 1'],
    ['ignore', 'secret', FILE_ALL_ACCESS, undefined, 'SUCCESS 1'],
    ['enforce', 'secret', read, mine, 'ACCESS_DENIED'],
    ['enforce', 'secret', read, root, 'SUCCESS 1'],
    ['enforce', 'mine', read | write, mine, 'SUCCESS 1'],
    ['enforce', 'mine', ACCESS.EXECUTE, mine, 'ACCESS_DENIED'],
    ['enforce', 'mine', read, other, 'ACCESS_DENIED'],
    ['enforce', 'readable', read, other, 'SUCCESS 1'],
    ['enforce', 'readable', read, undefined, 'ACCESS_DENIED'],
  ] as const)('%s: %s for %d', async (how, name, desired, token, expected) => {
    const client = { map, enforce, ignore }[how];
    expect(await asks(client, name, desired, token)).toBe(expected);
  });

  test('who may write the directory may remove what others own in it', async () => {
    await map.linux.writeFile('/strangers', 'x');
    expect(await asks(map, 'strangers', ACCESS.DELETE)).toBe('SUCCESS 1');
    await map.linux.mkdir('/theirs');
    await map.linux.writeFile('/theirs/file', 'x');
    expect(await asks(map, 'theirs\\file', ACCESS.DELETE)).toBe('ACCESS_DENIED');
    const made = { createDisposition: DISPOSITION.CREATE };
    expect(await map.tryCreate('\\theirs\\new', made)).toBe('ACCESS_DENIED');
    expect(await map.tryCreate('\\theirs\\new', { ...made, hasRestorePrivilege: true })).toBe(
      'SUCCESS 2',
    );
  });

  test('what is made belongs to the mounting user, or to the token’s Linux account', async () => {
    await map.put('\\by-me', '');
    const { uid, gid, mode } = await map.linux.stat('/by-me');
    expect([uid, gid, mode & 0o777]).toEqual([1000, 1000, 0o644]);
    const accessToken = Client.token(other);
    await enforce.close(await enforce.make('\\by-other', { accessToken }));
    expect((await map.linux.stat('/by-other')).uid).toBe(2000);
  });
});

describeUnless(cannotMount())('whose disk it is', () => {
  test('the root’s owner, else the first person of /home, else who the map says', async () => {
    await using win = await freshClient({ mountingUserSid: me });
    const { linux } = win;
    const ownerOfNew = async (client: Client, name: string): Promise<number> => {
      await client.put(`\\${name}`, '');
      return (await linux.stat(`/${name}`)).uid;
    };
    expect(await ownerOfNew(win, 'of-root')).toBe(1000);
    await win.remove('\\of-root');
    await linux.chown('/', 0, 0);
    await using nobodys = await win.with({ mountingUserSid: me });
    expect(await ownerOfNew(nobodys, 'of-nobody')).toBe(0);
    await linux.chmod('/', 0o777);
    await linux.mkdir('/home');
    for (const [name, uid] of [
      ['lost+found', 0],
      ['zoe', 1005],
      ['anna', 1003],
    ] as const) {
      await linux.mkdir(`/home/${name}`);
      await linux.chown(`/home/${name}`, uid, uid);
    }
    await using guessed = await win.with({ mountingUserSid: me });
    expect(await ownerOfNew(guessed, 'of-anna')).toBe(1003);
    const uidMap = [{ kind: 'user', id: 1005, sid: me }] as const;
    await using mapped = await win.with({ mountingUserSid: me, uidMap });
    expect(await ownerOfNew(mapped, 'of-zoe')).toBe(1005);
    await win.fresh.kernel.close();
  });
});
