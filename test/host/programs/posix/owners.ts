/** Permissions by user, and what calls do to set-ID bits, groups, umask and ACLs. */
import { constants } from 'node:fs';
import { flags, linux } from '../../../support/native/fuse-libc.ts';
import { as, type Scenario, type Transcript, type User } from './transcript.ts';

const { O_CREAT, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, S_IFIFO } = constants;

/** Makes a file with this content, mode and owner. */
export function makeFile(
  path: string,
  mode = 0o644,
  bytes = 'content',
  uid = 0,
  gid: number = uid,
): void {
  const fd = linux.open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600);
  linux.write(fd, Buffer.from(bytes));
  linux.fchown(fd, uid, gid);
  linux.fchmod(fd, mode);
  linux.close(fd);
}

/** One entry of an ACL. */
type AclEntry = readonly [tag: number, permissions: number, id: number];
const USER_OBJ = 1;
const USER = 2;
const GROUP_OBJ = 4;
const MASK = 16;
const OTHER = 32;

/** An ACL as the kernel keeps it in an extended attribute (linux/posix_acl_xattr.h). */
function acl(entries: readonly AclEntry[]): Buffer {
  const raw = Buffer.alloc(4 + 8 * entries.length);
  raw.writeUInt32LE(2, 0);
  entries.forEach(([tag, permissions, id], index) => {
    raw.writeUInt16LE(tag, 4 + index * 8);
    raw.writeUInt16LE(permissions, 6 + index * 8);
    raw.writeUInt32LE(id >>> 0, 8 + index * 8);
  });
  return raw;
}

const strangerReads = acl([
  [USER_OBJ, 6, -1],
  [USER, 6, 3000],
  [GROUP_OBJ, 4, -1],
  [MASK, 6, -1],
  [OTHER, 0, -1],
]);

function noteAs(t: Transcript, user: User, what: string, answer: () => number): void {
  as(user);
  const value = answer();
  as('root');
  if (what.startsWith('open')) t.opens(`${user} ${what}`, value);
  else t.call(`${user} ${what}`, value);
}

const setIdModes = [0o6777, 0o4755, 0o2755, 0o2745, 0o6666, 0o4711] as const;

function killedBits(t: Transcript): void {
  const deeds: Readonly<Record<string, (path: string) => number>> = {
    write(path) {
      const fd = linux.open(path, O_WRONLY);
      const answer = linux.write(fd, Buffer.from('x'));
      linux.close(fd);
      return answer;
    },
    truncate: (path) => linux.truncate(path, 2),
    'open truncate': (path) => linux.open(path, O_WRONLY | O_TRUNC),
    fallocate(path) {
      const fd = linux.open(path, O_WRONLY);
      const answer = linux.fallocate(fd, 0, 0, 100_000);
      linux.close(fd);
      return answer;
    },
    'chown same': (path) => linux.chown(path, -1, 1000),
    'chown nothing': (path) => linux.chown(path, -1, -1),
    'chmod same': (path) => linux.chmod(path, 0o6777),
    copy_file_range(path) {
      makeFile('source', 0o666);
      const [from, to] = [linux.open('source', O_RDONLY), linux.open(path, O_WRONLY)];
      const answer = linux.copyFileRange(from, 0, to, 0, 3);
      linux.close(from);
      linux.close(to);
      return answer;
    },
  };
  linux.chmod('.', 0o777);
  for (const user of ['root', 'owner', 'member', 'stranger'] as const) {
    for (const [name, deed] of Object.entries(deeds)) {
      for (const mode of setIdModes) {
        const path = `${user}-${name}-${mode.toString(8)}`;
        makeFile(path, mode, 'content', 1000);
        noteAs(t, user, name, () => deed(path));
        t.stat(path);
      }
    }
  }
}

export const ownerScenarios: readonly Scenario[] = [
  ['set-ID bits', killedBits],
  [
    'chmod of a set-GID file by one outside the group',
    (t) => {
      makeFile('f', 0o644, 'x', 1000, 5000);
      noteAs(t, 'owner', 'chmod 2755', () => linux.chmod('f', 0o2755));
      t.stat('f');
      noteAs(t, 'owner', 'chown to a group that is not its own', () => linux.chown('f', -1, 5001));
      noteAs(t, 'owner', 'chown to its own group', () => linux.chown('f', -1, 1000));
      t.stat('f');
    },
  ],
  [
    'what is made in a set-GID folder',
    (t) => {
      linux.mkdir('g', 0o777);
      linux.chown('g', 0, 5000);
      linux.chmod('g', 0o2777);
      noteAs(t, 'owner', 'mkdir', () => linux.mkdir('g/d', 0o755));
      noteAs(t, 'owner', 'open create', () => linux.open('g/f', O_CREAT | O_RDWR, 0o2775));
      noteAs(t, 'owner', 'mkfifo', () => linux.mknod('g/p', S_IFIFO | 0o2664));
      noteAs(t, 'owner', 'symlink', () => linux.symlink('x', 'g/l'));
      for (const path of ['g/d', 'g/f', 'g/p', 'g/l']) t.stat(path);
    },
  ],
  [
    'umask',
    (t) => {
      for (const mask of [0, 0o027, 0o077, 0o777]) {
        const before = linux.umask(mask);
        t.opens('create', linux.open(`f${mask}`, O_CREAT | O_RDWR, 0o7777));
        t.call('mkdir', linux.mkdir(`d${mask}`, 0o7777));
        t.call('mkfifo', linux.mknod(`p${mask}`, S_IFIFO | 0o7777));
        linux.umask(before);
        for (const kind of ['f', 'd', 'p']) t.stat(kind + mask);
      }
    },
  ],
  [
    'an access ACL decides',
    (t) => {
      makeFile('f', 0o600, 'x', 1000);
      const name = 'system.posix_acl_access';
      noteAs(t, 'stranger', 'setxattr', () => linux.setxattr('f', name, strangerReads));
      noteAs(t, 'stranger', 'open before', () => linux.open('f', O_RDONLY));
      noteAs(t, 'owner', 'setxattr', () => linux.setxattr('f', name, strangerReads));
      t.stat('f');
      noteAs(t, 'stranger', 'open', () => linux.open('f', O_RDWR));
      noteAs(t, 'member', 'open', () => linux.open('f', O_RDWR));
      noteAs(t, 'owner', 'chmod', () => linux.chmod('f', 0o640));
      noteAs(t, 'stranger', 'open to read', () => linux.open('f', O_RDONLY));
      noteAs(t, 'stranger', 'open to write', () => linux.open('f', O_RDWR));
      const seen = linux.getxattr('f', name);
      t.say('acl', typeof seen === 'number' ? seen : seen.toString('hex'));
      t.say('names', String(linux.listxattr('f')));
      t.call('an ACL that is none', linux.setxattr('f', name, Buffer.from('nonsense')));
      t.call('removexattr', linux.removexattr('f', name));
      t.stat('f');
    },
  ],
  [
    'a default ACL is handed down',
    (t) => {
      linux.mkdir('d', 0o777);
      linux.chmod('d', 0o777);
      t.call('setxattr', linux.setxattr('d', 'system.posix_acl_default', strangerReads));
      const before = linux.umask(0o077);
      t.opens('create', linux.open('d/f', O_CREAT | O_RDWR, 0o666));
      t.call('mkdir', linux.mkdir('d/sub', 0o777));
      t.call('mkfifo', linux.mknod('d/p', S_IFIFO | 0o622));
      linux.umask(before);
      for (const path of ['d/f', 'd/sub', 'd/p']) {
        t.stat(path);
        t.say('names', String(linux.listxattr(path)));
      }
      noteAs(t, 'stranger', 'open', () => linux.open('d/f', O_RDWR));
      t.call(
        'default ACL on a file',
        linux.setxattr('d/f', 'system.posix_acl_default', strangerReads),
      );
    },
  ],
  [
    'extended attributes',
    (t) => {
      makeFile('f', 0o666);
      linux.symlink('f', 'l');
      const set = (path: string, name: string, bytes: number, how = 0): void => {
        const answer = linux.setxattr(path, name, Buffer.alloc(bytes, 7), how);
        t.call(`set ${name.slice(0, 20)} of ${bytes} on ${path}, ${how}`, answer);
      };
      for (const path of ['f', 'l', '.']) {
        for (const space of ['user.a', 'trusted.a', 'security.a', 'user.', 'other.a', 'a', '']) {
          set(path, space, 5);
        }
      }
      set('f', 'user.a', 9, flags.XATTR_CREATE);
      set('f', 'user.new', 9, flags.XATTR_REPLACE);
      set('f', 'user.new', 0, flags.XATTR_CREATE);
      set('f', 'user.a', 1000, flags.XATTR_REPLACE);
      set('f', `user.${'n'.repeat(250)}`, 3);
      set('f', `user.${'n'.repeat(251)}`, 3);
      set('f', 'user.huge', 65_537);
      for (const room of [0, 999, 1000, 2000]) {
        t.call(`get into ${room}`, linux.getxattrInto('f', 'user.a', room));
      }
      t.say('list', String(linux.listxattr('f')));
      for (const user of ['owner', 'stranger'] as const) {
        noteAs(t, user, 'set user', () => linux.setxattr('f', 'user.b', Buffer.of(1)));
        noteAs(t, user, 'set trusted', () => linux.setxattr('f', 'trusted.b', Buffer.of(1)));
        noteAs(t, user, 'set security', () => linux.setxattr('f', 'security.b', Buffer.of(1)));
        as(user);
        t.say(`list by ${user}`, String(linux.listxattr('f')));
        as('root');
      }
      t.call('remove', linux.removexattr('f', 'user.a'));
      t.call('remove again', linux.removexattr('f', 'user.a'));
    },
  ],
  [
    'a file opened before its mode changed',
    (t) => {
      makeFile('f', 0o666);
      as('stranger');
      const fd = linux.open('f', O_RDWR);
      as('root');
      linux.chmod('f', 0);
      as('stranger');
      t.call('write', linux.write(fd, Buffer.from('x')));
      t.call('ftruncate', linux.ftruncate(fd, 0));
      t.call('fchmod', linux.fchmod(fd, 0o777));
      t.opens('open again', linux.open('f', O_RDONLY));
      as('root');
      linux.close(fd);
    },
  ],
];
