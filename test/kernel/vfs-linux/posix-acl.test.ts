import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AclEntry, formatPosixAcl, parsePosixAcl } from '../../../src/vfs-linux/posix-acl.ts';
import { cannotMount, type FreshVolume, mountFresh } from '../../support/kernel-volume.ts';
import { describeUnless } from '../../support/needs.ts';

const list: readonly AclEntry[] = [
  { tag: 'user-obj', perm: 6 },
  { tag: 'user', perm: 4, id: 1000 },
  { tag: 'group-obj', perm: 4 },
  { tag: 'group', perm: 7, id: 100 },
  { tag: 'mask', perm: 5 },
  { tag: 'other', perm: 0 },
];

// getfattr -e hex after setfacl -m u:1000:r,g:100:rwx,m:rx on a file of mode 0640.
const value = Buffer.from(
  `02000000 01000600ffffffff 02000400e8030000 04000400ffffffff
   08000700640000 00 10000500ffffffff 20000000ffffffff`.replace(/\s/g, ''),
  'hex',
);

describe('an access control list', () => {
  test('is parsed as the kernel keeps it', () => {
    expect(parsePosixAcl(value)).toEqual(list);
  });

  test('is formatted as the kernel keeps it, in the kernel’s order', () => {
    expect(formatPosixAcl(list.toReversed())).toEqual(value);
  });

  test('is undefined for bytes that are no list', () => {
    for (const bad of ['', '01000000', '0200000001', '0200000003000600ffffffff']) {
      expect(parsePosixAcl(Buffer.from(bad, 'hex'))).toBeUndefined();
    }
  });

  test('is refused with an id too many or too few, or with unknown permissions', () => {
    const wrong: AclEntry[] = [
      { tag: 'user', perm: 4 },
      { tag: 'other', perm: 4, id: 1 },
      { tag: 'other', perm: 8 },
    ];
    for (const entry of wrong) expect(() => formatPosixAcl([entry])).toThrow(RangeError);
  });
});

const reason = cannotMount();
describeUnless(reason)('the lists of a volume (ext4)', () => {
  let mounted: FreshVolume;
  beforeAll(async () => {
    mounted = await mountFresh();
  }, 30_000);
  afterAll(() => mounted?.close());

  test('come back as they were set, and show in the mode', async () => {
    const { fs } = mounted;
    await fs.writeFile('/file', '');
    expect(await fs.getAcl('/file')).toBeUndefined();
    await fs.setAcl('/file', 'access', list);
    expect(await fs.getAcl('/file')).toEqual(list);
    expect((await fs.stat('/file')).mode & 0o777).toBe(0o650);
    await fs.setAcl('/file', 'access', undefined);
    expect(await fs.getAcl('/file')).toBeUndefined();
    await fs.setAcl('/file', 'access', undefined);
  });

  test('of a directory are inherited by what is made in it', async () => {
    const { fs } = mounted;
    await fs.mkdir('/folder');
    await fs.setAcl('/folder', 'default', list);
    expect(await fs.getAcl('/folder', 'default')).toEqual(list);
    await fs.mkdir('/folder/below');
    expect(await fs.getAcl('/folder/below', 'default')).toEqual(list);
  });

  test('decide which users may read', async () => {
    const { fs, kernel } = mounted;
    await fs.chmod('/', 0o755);
    await fs.writeFile('/secret', 'text');
    await fs.setAcl('/secret', 'access', list);
    const friend = fs.as(await kernel.identity({ uid: 1000, gid: 1000 }));
    const stranger = fs.as(await kernel.identity({ uid: 1001, gid: 1001 }));
    expect(await friend.readFile('/secret', 'utf8')).toBe('text');
    await expect(friend.writeFile('/secret', '')).rejects.toMatchObject({ code: 'EACCES' });
    await expect(stranger.readFile('/secret')).rejects.toMatchObject({ code: 'EACCES' });
  });

  test('are refused with Node’s codes for a mistake in one entry', async () => {
    const { fs } = mounted;
    await fs.writeFile('/wrong', '');
    const refused = (entry: AclEntry, code: string): Promise<void> =>
      expect(fs.setAcl('/wrong', 'access', [entry])).rejects.toMatchObject({ code });
    await refused({ tag: 'user', perm: 4 }, 'ERR_INVALID_ARG_VALUE');
    await refused({ tag: 'other', perm: 4, id: 1 }, 'ERR_INVALID_ARG_VALUE');
    await refused({ tag: 'other', perm: 8 }, 'ERR_OUT_OF_RANGE');
    expect(await fs.getAcl('/wrong')).toBeUndefined();
  });

  test('that make no sense as a whole are EINVAL', async () => {
    await mounted.fs.writeFile('/half', '');
    const half = mounted.fs.setAcl('/half', 'access', [{ tag: 'other', perm: 4 }]);
    await expect(half).rejects.toMatchObject({ code: 'EINVAL', syscall: 'setxattr' });
  });
});
