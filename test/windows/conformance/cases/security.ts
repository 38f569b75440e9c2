/** Security descriptors: how a mode and a POSIX ACL are shown to Windows and edited by it. */
import { type Case, expectEqual, expectStatus, expectTrue } from '../case.ts';
import { access, option, securityPart, status } from '../driver/nt.ts';
import { expectSuccess, type Handle } from '../driver/program.ts';
import { type Ace, control, type Descriptor } from '../driver/security.ts';
import { backupOperator, everyone, mountingUser } from '../driver/token.ts';

const read = access.FILE_GENERIC_READ;
const write = access.FILE_GENERIC_WRITE;
const { OWNER, GROUP, DACL } = securityPart;
const backupRule = 'SeBackupPrivilege and SeRestorePrivilege with FILE_OPEN_FOR_BACKUP_INTENT';
const queryRule = 'MS-FSA 2.1.5.14 Server Requests a Query of Security Information';
const setRule = 'MS-FSA 2.1.5.17 Server Requests Setting of Security Information';

function mayRead(aces: readonly Ace[] | null | undefined, sid: string): boolean {
  if (aces === null || aces === undefined) return true;
  for (const { type, flags, mask, sid: whose } of aces) {
    if (whose !== sid || (flags & 8) !== 0 || (mask & access.READ_DATA) === 0) continue;
    return type === 0;
  }
  return false;
}

async function describe(handle: Handle, parts: number): Promise<Descriptor> {
  const { status: answered, descriptor } = await handle.querySecurity(parts);
  expectSuccess(answered, 'query security');
  return descriptor as Descriptor;
}

const all = { access: access.OWNER };
const allow = (sid: string, mask: number, flags = 0): Ace => ({ type: 0, flags, mask, sid });

export const security: readonly Case[] = [
  {
    name: 'the mounting user’s files have his SID as their owner',
    rule: queryRule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'));
      const { owner } = await describe(handle, OWNER);
      expectEqual(owner, mountingUser.user, 'the owner');
      await handle.close();
    },
  },
  {
    name: 'every other Linux user has a SID, and so does root',
    rule: 'Samba: S-1-22-1-uid, S-1-22-2-gid',
    async run({ win, linux, path, linuxPath }) {
      const owners: string[] = [];
      for (const uid of [0, 1001, 2000]) {
        await linux.writeFile(linuxPath(String(uid)), '');
        await linux.chmod(linuxPath(String(uid)), 0o644);
        await linux.chown(linuxPath(String(uid)), uid, uid);
        const handle = await win.mustOpen(path(String(uid)));
        owners.push((await describe(handle, OWNER)).owner ?? '');
        await handle.close();
      }
      expectEqual(new Set(owners).size, 3, owners.join(' '));
      expectTrue(
        owners.every((sid) => sid.startsWith('S-1-')),
        owners.join(' '),
      );
    },
  },
  {
    name: 'a mode is shown as entries for owner, group and everyone',
    rule: queryRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), '');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.chmod(linuxPath('a'), 0o640);
      const handle = await win.mustOpen(path('a'));
      const { dacl, owner, group } = await describe(handle, OWNER | GROUP | DACL);
      expectTrue(mayRead(dacl, owner ?? ''), 'the owner reads');
      expectTrue(mayRead(dacl, group ?? ''), 'the group reads');
      expectEqual(mayRead(dacl, everyone), false, 'everybody reads');
      await handle.close();
    },
  },
  {
    name: 'only the requested parts are answered',
    rule: queryRule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'));
      const answer = await describe(handle, DACL);
      expectEqual([answer.owner, answer.group], [undefined, undefined], 'owner and group');
      await handle.close();
    },
  },
  {
    name: 'a query without READ_CONTROL is refused',
    rule: queryRule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), { access: access.READ_ATTRIBUTES });
      expectStatus((await handle.querySecurity()).status, status.ACCESS_DENIED);
      await handle.close();
    },
  },
  {
    name: 'a DACL that lets everyone read makes the mode readable',
    rule: setRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), '');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.chmod(linuxPath('a'), 0o600);
      const handle = await win.mustOpen(path('a'), all);
      const dacl = [allow(mountingUser.user, access.ALL), allow(everyone, read)];
      const descriptor = { control: control.DACL_PROTECTED, dacl };
      expectSuccess(await handle.setSecurity(DACL, descriptor), 'set');
      await handle.close();
      const { mode } = await linux.stat(linuxPath('a'));
      expectEqual([mode & 0o700, mode & 0o004, mode & 0o002], [0o700, 0o004, 0], 'the mode');
    },
  },
  {
    name: 'a DACL for the owner alone removes the rights of others',
    rule: setRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), '');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.chmod(linuxPath('a'), 0o666);
      const handle = await win.mustOpen(path('a'), all);
      const dacl = [allow(mountingUser.user, read | write)];
      const descriptor = { control: control.DACL_PROTECTED, dacl };
      expectSuccess(await handle.setSecurity(DACL, descriptor), 'set');
      await handle.close();
      expectEqual((await linux.stat(linuxPath('a'))).mode & 0o007, 0, 'everybody');
    },
  },
  {
    name: 'a descriptor that is read and set again changes nothing',
    rule: 'backup programs restore the descriptors that they saved',
    async run({ win, linux, path, linuxPath }) {
      for (const mode of [0o600, 0o644, 0o750, 0o777, 0o4755, 0o2755]) {
        const name = mode.toString(8);
        await linux.writeFile(linuxPath(name), '');
        await linux.chown(linuxPath(name), 1000, 1000);
        await linux.chmod(linuxPath(name), mode);
        const handle = await win.mustOpen(path(name), all);
        const before = await describe(handle, OWNER | GROUP | DACL);
        expectSuccess(await handle.setSecurity(DACL, before), name);
        handle.file.node.security = undefined;
        expectEqual(await describe(handle, OWNER | GROUP | DACL), before, name);
        await handle.close();
        expectEqual((await linux.stat(linuxPath(name))).mode & 0o7777, mode, `mode ${name}`);
      }
    },
  },
  {
    name: 'setuid, setgid and sticky stay when the DACL is edited',
    rule: 'chmod(2): bits without a counterpart on Windows',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), '');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.chmod(linuxPath('a'), 0o6755);
      const handle = await win.mustOpen(path('a'), all);
      const dacl = [allow(mountingUser.user, access.ALL)];
      const descriptor = { control: control.DACL_PROTECTED, dacl };
      expectSuccess(await handle.setSecurity(DACL, descriptor), 'set');
      await handle.close();
      expectEqual((await linux.stat(linuxPath('a'))).mode & 0o6000, 0o6000, 'the bits');
    },
  },
  {
    name: 'a POSIX ACL for another user is an entry of his SID',
    rule: 'acl(5): ACL_USER',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), '');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.setAcl(linuxPath('a'), 'access', [
        { tag: 'user-obj', perm: 6 },
        { tag: 'user', id: 2000, perm: 4 },
        { tag: 'group-obj', perm: 0 },
        { tag: 'mask', perm: 4 },
        { tag: 'other', perm: 0 },
      ]);
      const handle = await win.mustOpen(path('a'));
      const { dacl } = await describe(handle, DACL);
      expectTrue(mayRead(dacl, 'S-1-22-1-2000'), JSON.stringify(dacl));
      await handle.close();
    },
  },
  {
    name: 'an entry for another Linux user becomes a POSIX ACL',
    rule: 'acl(5): ACL_USER',
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), all);
      const dacl = [allow(mountingUser.user, access.ALL), allow('S-1-22-1-2000', read)];
      const descriptor = { control: control.DACL_PROTECTED, dacl };
      expectSuccess(await handle.setSecurity(DACL, descriptor), 'set');
      await handle.close();
      const acl = (await linux.getAcl(linuxPath('a'))) ?? [];
      const entry = acl.find(({ tag, id }) => tag === 'user' && id === 2000);
      expectEqual(entry?.perm, 4, 'the entry');
    },
  },
  {
    name: 'an owner that is not a Linux user is INVALID_OWNER',
    rule: setRule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.as(backupOperator).mustOpen(path('a'), {
        ...all,
        options: option.OPEN_FOR_BACKUP_INTENT,
      });
      const owner = 'S-1-5-21-9-9-9-1234';
      expectStatus(await handle.setSecurity(OWNER, { control: 0, owner }), status.INVALID_OWNER);
      await handle.close();
    },
  },
  {
    name: 'a restore gives a file back to its Linux owner',
    rule: backupRule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'));
      const handle = await win.as(backupOperator).mustOpen(path('a'), {
        ...all,
        options: option.OPEN_FOR_BACKUP_INTENT,
      });
      const descriptor = { control: 0, owner: 'S-1-22-1-2000', group: 'S-1-22-2-3000' };
      expectSuccess(await handle.setSecurity(OWNER | GROUP, descriptor), 'set');
      await handle.close();
      const { uid, gid } = await linux.stat(linuxPath('a'));
      expectEqual([uid, gid], [2000, 3000], 'owner and group');
    },
  },
  {
    name: 'changing the DACL without WRITE_DAC is refused',
    rule: setRule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), { access: read | write });
      const answer = await handle.setSecurity(DACL, { control: 0, dacl: [] });
      expectStatus(answer, status.ACCESS_DENIED);
      await handle.close();
    },
  },
  {
    name: 'a new file can be made with a descriptor',
    rule: 'NtCreateFile: SecurityDescriptor',
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), '', {
        securityDescriptor: {
          control: control.DACL_PROTECTED,
          dacl: [allow(mountingUser.user, access.ALL)],
        },
      });
      const { mode } = await linux.stat(linuxPath('a'));
      expectEqual([mode & 0o600, mode & 0o077], [0o600, 0], 'the mode');
    },
  },
  {
    name: 'a default ACL of the directory is inherited by a new file',
    rule: 'acl(5): object creation and default ACLs',
    async run({ win, linux, path, linuxPath, linuxDir }) {
      await linux.setAcl(linuxDir, 'default', [
        { tag: 'user-obj', perm: 7 },
        { tag: 'user', id: 2000, perm: 5 },
        { tag: 'group-obj', perm: 5 },
        { tag: 'mask', perm: 7 },
        { tag: 'other', perm: 0 },
      ]);
      await win.makeFile(path('a'));
      const acl = (await linux.getAcl(linuxPath('a'))) ?? [];
      const entry = acl.find(({ tag, id }) => tag === 'user' && id === 2000);
      expectTrue(entry !== undefined, JSON.stringify(acl));
      expectEqual((await linux.stat(linuxPath('a'))).mode & 0o007, 0, 'everybody');
    },
  },
  {
    name: 'new files in a directory with setgid get its group',
    rule: 'inode(7): S_ISGID of a directory',
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.chown(linuxPath('d'), 1000, 4000);
      await linux.chmod(linuxPath('d'), 0o2775);
      await win.makeFile(path('d\\a'));
      expectEqual((await linux.stat(linuxPath('d/a'))).gid, 4000, 'the group');
    },
  },
];
