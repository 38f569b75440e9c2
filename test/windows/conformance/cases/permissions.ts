/** Access checks: the three modes of --permissions, privileges, and security descriptors. */
import { type Case, expectEqual, expectStatus, expectTrue, type Scene } from '../case.ts';
import { access, attribute, disposition, option, status } from '../driver/nt.ts';
import { expectSuccess } from '../driver/program.ts';
import {
  administrators,
  backupOperator,
  mountingUser,
  otherUser,
  type Token,
} from '../driver/token.ts';

const read = access.FILE_GENERIC_READ;
const write = access.FILE_GENERIC_WRITE;
const checkRule = 'MS-FSA 2.1.5.1.2.1: access check of an existing file';
const newRule = 'MS-FSA 2.1.5.1.1: access check of a new file';
const mapRule = '--permissions=map: the drive’s user is the Linux user of the mount';
const backupRule = 'SeBackupPrivilege and SeRestorePrivilege with FILE_OPEN_FOR_BACKUP_INTENT';

interface Try {
  readonly what: string;
  readonly mode: number;
  readonly uid: number;
  readonly rights: number;
  readonly allowed: boolean;
}

/** As the mounting user (uid 1000), on a file with that mode and owner. */
const mapped: readonly Try[] = [
  { what: 'reading his own 0600', mode: 0o600, uid: 1000, rights: read, allowed: true },
  { what: 'writing his own 0600', mode: 0o600, uid: 1000, rights: write, allowed: true },
  { what: "reading root's 0644", mode: 0o644, uid: 0, rights: read, allowed: true },
  { what: "writing root's 0644", mode: 0o644, uid: 0, rights: write, allowed: false },
  { what: "reading root's 0600", mode: 0o600, uid: 0, rights: read, allowed: false },
  { what: "writing root's 0666", mode: 0o666, uid: 0, rights: write, allowed: true },
  { what: 'executing his own 0700', mode: 0o700, uid: 1000, rights: access.EXECUTE, allowed: true },
  {
    what: "attributes of root's 0000",
    mode: 0,
    uid: 0,
    rights: access.READ_ATTRIBUTES,
    allowed: true,
  },
  {
    what: "changing the permissions of root's 0666",
    mode: 0o666,
    uid: 0,
    rights: access.WRITE_DAC,
    allowed: false,
  },
];

const mapTable: Case[] = mapped.map(
  ({ what, mode, uid, rights, allowed }): Case => ({
    name: `map: ${what} is ${allowed ? 'allowed' : 'refused'}`,
    rule: mapRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chmod(linuxPath('a'), mode);
      await linux.chown(linuxPath('a'), uid, uid);
      const answer = await win.tryOpen(path('a'), { access: rights });
      expectStatus(answer, allowed ? status.SUCCESS : status.ACCESS_DENIED);
    },
  }),
);

const ignoreTable: Case[] = mapped.map(
  ({ what, mode, uid, rights }): Case => ({
    name: `ignore: ${what} is allowed`,
    rule: '--permissions=ignore: no check',
    on: 'ignore',
    async run({ win, linux, path, linuxPath }) {
      // A file without a write bit is READONLY, which refuses writing to everyone.
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chmod(linuxPath('a'), mode);
      await linux.chown(linuxPath('a'), uid, uid);
      expectStatus(await win.tryOpen(path('a'), { access: rights }), status.SUCCESS);
    },
  }),
);

/** By token, on a file of the mounting user's (uid 1000, group 1000). */
const enforced: readonly (readonly [string, Token, number, number, boolean])[] = [
  ['the owner reads 0600', mountingUser, 0o600, read, true],
  ['the owner writes 0600', mountingUser, 0o600, write, true],
  ['the owner writes 0400', mountingUser, 0o466, access.WRITE_DATA, false],
  ['another reads 0600', otherUser, 0o600, read, false],
  ['another reads 0644', otherUser, 0o644, read, true],
  ['another writes 0644', otherUser, 0o644, write, false],
  ['another writes 0666', otherUser, 0o666, write, true],
  ['another executes 0755', otherUser, 0o755, access.EXECUTE, true],
  ['another changes permissions of 0666', otherUser, 0o666, access.WRITE_DAC, false],
  ['another takes ownership of 0666', otherUser, 0o666, access.WRITE_OWNER, false],
];

const enforceTable: Case[] = enforced.map(
  ([what, token, mode, rights, allowed]): Case => ({
    name: `enforce: ${what}: ${allowed ? 'allowed' : 'refused'}`,
    rule: checkRule,
    on: 'enforce',
    async run({ win, linux, path, linuxPath, linuxDir }) {
      await linux.chmod(linuxDir, 0o755);
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chmod(linuxPath('a'), mode);
      await linux.chown(linuxPath('a'), 1000, 1000);
      const answer = await win.as(token).tryOpen(path('a'), { access: rights });
      expectStatus(answer, allowed ? status.SUCCESS : status.ACCESS_DENIED);
    },
  }),
);

async function secretFile({ linux, linuxPath }: Scene): Promise<void> {
  await linux.writeFile(linuxPath('secret'), 'x');
  await linux.chmod(linuxPath('secret'), 0o600);
}

const enforcing: readonly Omit<Case, 'on'>[] = [
  {
    name: 'a new file in a directory without write permission is refused',
    rule: newRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.chmod(linuxPath('d'), 0o755);
      const wish = { access: write, disposition: disposition.CREATE };
      expectStatus(await win.tryOpen(path('d\\a'), wish), status.ACCESS_DENIED);
    },
  },
  {
    name: 'without the traverse privilege, every directory of the path must grant TRAVERSE',
    rule: 'MS-FSA 2.1.5.1: traverse check where SeChangeNotifyPrivilege is missing',
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.writeFile(linuxPath('d/a'), 'x');
      await linux.chmod(linuxPath('d/a'), 0o644);
      await linux.chmod(linuxPath('d'), 0o600);
      const usual = await win.tryOpen(path('d\\a'));
      expectStatus(usual, status.SUCCESS, 'with the privilege');
      const bare = win.as({ ...otherUser, privileges: [] });
      expectStatus(await bare.tryOpen(path('d\\a')), status.ACCESS_DENIED, 'without');
    },
  },
  {
    name: 'the right to delete a directory’s children is enough to delete a file',
    rule: 'MS-FSA 2.1.5.1.2.1: FILE_DELETE_CHILD of the parent',
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.chmod(linuxPath('d'), 0o777);
      await linux.writeFile(linuxPath('d/a'), 'x');
      await linux.chmod(linuxPath('d/a'), 0o644);
      expectSuccess(await win.as(otherUser).remove(path('d\\a')), 'remove');
    },
  },
  {
    name: 'another user’s file in a sticky directory is not deleted',
    rule: 'inode(7): S_ISVTX',
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.chmod(linuxPath('d'), 0o1777);
      await linux.writeFile(linuxPath('d/a'), 'x');
      await linux.chmod(linuxPath('d/a'), 0o644);
      await linux.chown(linuxPath('d/a'), 1000, 1000);
      expectStatus(await win.as(otherUser).remove(path('d\\a')), status.ACCESS_DENIED);
    },
  },
  {
    name: 'MAXIMUM_ALLOWED grants every allowed right, and no more',
    rule: 'MS-FSA 2.1.5.1.2.1: MAXIMUM_ALLOWED',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chmod(linuxPath('a'), 0o644);
      const wish = { access: access.MAXIMUM_ALLOWED };
      const handle = await win.as(otherUser).mustOpen(path('a'), wish);
      const granted = handle.file.grantedAccess;
      expectEqual(granted & access.READ_DATA, access.READ_DATA, 'reading');
      expectEqual(granted & (access.WRITE_DATA | access.WRITE_DAC), 0, 'writing');
      await handle.close();
    },
  },
  {
    name: 'a replacing rename needs DELETE on the replaced file',
    rule: 'MS-FSA 2.1.5.15.11: DELETE on the target',
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.chmod(linuxPath('d'), 0o1777);
      await linux.writeFile(linuxPath('d/target'), 'kept');
      await linux.chmod(linuxPath('d/target'), 0o644);
      await linux.writeFile(linuxPath('d/mine'), 'x');
      await linux.chown(linuxPath('d/mine'), 1000, 1000);
      const answer = await win.move(path('d\\mine'), path('d\\target'), 1);
      expectStatus(answer, status.ACCESS_DENIED);
      expectEqual((await linux.readFile(linuxPath('d/target'))).toString(), 'kept', 'the target');
    },
  },
  {
    name: 'a backup reads a file that the user may not read',
    rule: backupRule,
    async run(scene) {
      await secretFile(scene);
      const backup = scene.win.as(backupOperator);
      expectStatus(await backup.tryOpen(scene.path('secret')), status.ACCESS_DENIED, 'plainly');
      const handle = await backup.mustOpen(scene.path('secret'), {
        options: option.OPEN_FOR_BACKUP_INTENT,
      });
      expectEqual((await handle.readAll()).toString(), 'x', 'the content');
      await handle.close();
    },
  },
  {
    name: 'a backup lists a directory that the user may not list',
    rule: backupRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.writeFile(linuxPath('d/a'), 'x');
      await linux.chmod(linuxPath('d'), 0o700);
      const handle = await win.as(backupOperator).mustOpen(path('d'), {
        access: access.READ_DATA | access.SYNCHRONIZE,
        options: option.OPEN_FOR_BACKUP_INTENT | option.DIRECTORY_FILE,
      });
      const names = (await handle.listAll()).map(({ name }) => name);
      expectTrue(names.includes('a'), names.join(' '));
      await handle.close();
    },
  },
  {
    name: 'a restore makes a file where the user may not',
    rule: backupRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.chmod(linuxPath('d'), 0o700);
      const answer = await win.as(backupOperator).tryOpen(path('d\\a'), {
        access: write | access.WRITE_DAC | access.WRITE_OWNER,
        disposition: disposition.CREATE,
        options: option.OPEN_FOR_BACKUP_INTENT,
      });
      expectStatus(answer, status.SUCCESS);
    },
  },
  {
    name: 'backup intent without a privilege grants nothing',
    rule: backupRule,
    async run(scene) {
      await secretFile(scene);
      const answer = await scene.win.as(otherUser).tryOpen(scene.path('secret'), {
        options: option.OPEN_FOR_BACKUP_INTENT,
      });
      expectStatus(answer, status.ACCESS_DENIED);
    },
  },
  {
    name: 'a new file belongs to its creator',
    rule: 'MS-FSA 2.1.5.1.1: the owner of a new file',
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'));
      expectEqual((await linux.stat(linuxPath('a'))).uid, 1000, 'the uid');
    },
  },
];

const enforceCases: Case[] = enforcing.map((one) => ({
  ...one,
  name: `enforce: ${one.name}`,
  on: 'enforce',
}));

export const permissions: readonly Case[] = [
  ...mapTable,
  ...ignoreTable,
  ...enforceTable,
  ...enforceCases,
  {
    name: 'map: another user of the machine is the same Linux user',
    rule: mapRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chmod(linuxPath('a'), 0o600);
      await linux.chown(linuxPath('a'), 1000, 1000);
      expectStatus(await win.as(otherUser).tryOpen(path('a')), status.SUCCESS);
    },
  },
  {
    name: 'map: a backup reads what the user may not read',
    rule: backupRule,
    async run(scene) {
      await secretFile(scene);
      const handle = await scene.win.as(backupOperator).mustOpen(scene.path('secret'), {
        options: option.OPEN_FOR_BACKUP_INTENT,
      });
      expectEqual((await handle.readAll()).toString(), 'x', 'the content');
      await handle.close();
    },
  },
  {
    name: 'map: a new file belongs to the mounting user, with the mode of the usual umask',
    rule: mapRule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'));
      await win.makeDirectory(path('d'));
      const file = await linux.stat(linuxPath('a'));
      expectEqual([file.uid, file.gid], [1000, 1000], 'owner of the file');
      expectEqual(file.mode & 0o600, 0o600, 'its mode');
      const directory = await linux.stat(linuxPath('d'));
      expectEqual([directory.uid, directory.mode & 0o700], [1000, 0o700], 'the directory');
    },
  },
  {
    name: 'map: deleting a file of root’s in the user’s own directory is allowed',
    rule: 'inode(7), path_resolution(7): the directory’s mode governs its names',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chmod(linuxPath('a'), 0o644);
      expectSuccess(await win.remove(path('a')), 'remove');
    },
  },
  {
    name: 'map: deleting a file of root’s in root’s directory is refused',
    rule: 'inode(7), path_resolution(7): the directory’s mode governs its names',
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.chmod(linuxPath('d'), 0o755);
      await linux.writeFile(linuxPath('d/a'), 'x');
      await linux.chmod(linuxPath('d/a'), 0o644);
      expectStatus(await win.remove(path('d\\a')), status.ACCESS_DENIED);
    },
  },
  {
    name: 'administrators have no special rights on a Linux disk',
    rule: 'no group of Windows is root',
    on: 'enforce',
    async run(scene) {
      await secretFile(scene);
      const admin = { ...otherUser, groups: [...otherUser.groups, administrators] };
      const answer = await scene.win.as(admin).tryOpen(scene.path('secret'));
      expectStatus(answer, status.ACCESS_DENIED);
    },
  },
  {
    name: 'the right to list a directory is enough to read its files’ attributes',
    rule: 'MS-FSA 2.1.5.1.2.1: FILE_LIST_DIRECTORY of the parent gives FILE_READ_ATTRIBUTES',
    on: 'enforce',
    async run(scene) {
      await scene.linux.chmod(scene.linuxDir, 0o755);
      await secretFile(scene);
      const answer = await scene.win.as(otherUser).tryOpen(scene.path('secret'), {
        access: access.READ_ATTRIBUTES,
      });
      expectStatus(answer, status.SUCCESS);
    },
  },
  {
    name: 'a READONLY file refuses writing to its owner too',
    rule: 'MS-FSA 2.1.5.1.2.1: FILE_ATTRIBUTE_READONLY',
    async run({ win, path }) {
      await win.makeFile(path('a'), '', { attributes: attribute.READONLY });
      expectStatus(await win.tryOpen(path('a'), { access: write }), status.ACCESS_DENIED);
      expectStatus(await win.tryOpen(path('a'), { access: read }), status.SUCCESS);
    },
  },
];
