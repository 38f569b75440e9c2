import { describe, expect, test } from 'vitest';
import { optionsOfCaller } from '../../../src/daemon/linux/calling-mount.ts';
import { fsbridgeArguments } from '../../../src/daemon/linux/helper-arguments.ts';

const helper = '/sbin/mount.fuse.fsbridge';

describe('mount(8)’s options become those of fsbridge:', () => {
  test.each([
    ['ro', []],
    ['ro,volume=2', ['--volume', '2']],
    ['ro,device=/dev/sdb,device=/dev/sdc', ['--device', '/dev/sdb', '--device', '/dev/sdc']],
    ['ro,subvol=home,compress=zstd:3', ['--options', 'subvol=home,compress=zstd:3']],
    ['ro,nosuid,noexec', ['--host-options', 'nosuid,noexec']],
    ['ro,relatime,nosuid', ['--options', 'relatime', '--host-options', 'nosuid']],
    ['ro,allow_other,verbose', ['--allow-other', '--verbose']],
    ['ro,noauto,nofail,_netdev,user,x-systemd.automount,comment=mine', []],
    ['rw,write', ['--rw']],
    ['ro,volume="a,b"', ['--volume', 'a,b']],
  ])('-o %s', (options, expected) => {
    const argv = ['disk.img', '/mnt', '-o', options];
    expect(fsbridgeArguments(helper, argv)).toEqual(['mount', 'disk.img', '/mnt', ...expected]);
  });

  test('-v becomes --verbose; -n, -s and a type have no effect', () => {
    const argv = ['disk.img', '/mnt', '-sn', '-v', '-t', 'fuse.fsbridge', '-N', '7', '-o', 'ro'];
    expect(fsbridgeArguments(helper, argv)).toEqual(['mount', 'disk.img', '/mnt', '--verbose']);
  });

  test('-f does everything but the mount', () => {
    expect(fsbridgeArguments(helper, ['disk.img', '/mnt', '-f', '-o', 'rw'])).toBeUndefined();
  });

  test('dev and suid, which mount.fuse adds, are dropped', () => {
    const argv = ['disk.img', '/mnt', '-o', 'ro,noexec,dev,suid'];
    expect(fsbridgeArguments('/usr/bin/fsbridge', argv)?.slice(3)).toEqual([
      '--host-options',
      'noexec',
    ]);
  });

  test('ro and write contradict each other', () => {
    const argv = ['disk.img', '/mnt', '-o', 'ro,write'];
    expect(() => fsbridgeArguments(helper, argv)).toThrow(/"ro" and "write" contradict/);
  });

  test.each([[['disk.img']], [['a', 'b', 'c']]])('%j is wrong usage', (argv) => {
    expect(() => fsbridgeArguments(helper, argv)).toThrow(/ERR_USAGE/);
  });
});

test('umount(8)’s letters are kept', () => {
  const called = '/sbin/umount.fuse.fsbridge';
  expect(fsbridgeArguments(called, ['/mnt'])).toEqual(['umount', '/mnt']);
  expect(fsbridgeArguments(called, ['/mnt', '-l', '-t', 'fuse.fsbridge'])).toEqual([
    'umount',
    '/mnt',
    '--lazy',
  ]);
});

describe('mount(8) always passes rw, so a volume is written only where a person gave it:', () => {
  const table = [
    '# a comment /mnt/c fuse.fsbridge rw 0 0',
    '/disk.img /mnt/rw fuse.fsbridge rw,volume=2 0 0',
    '/disk.img /mnt/ro fuse.fsbridge volume=2 0 0',
    '/disk.img /mnt/with\\040space fuse.fsbridge noauto,rw 0 0',
  ].join('\n');
  const read = (file: string): string => (file === '/etc/fstab' ? table : '');

  test.each([
    [['mount', '-o', 'rw', 'a', '/mnt/x'], '/mnt/x', true],
    [['mount', '-orw,volume=2', 'a', '/mnt/x'], '/mnt/x', true],
    [['mount', '-t', 'fuse.fsbridge', '--options=volume=2,rw', 'a', '/mnt/x'], '/mnt/x', true],
    [['mount', '--options', 'rw', 'a', '/mnt/x'], '/mnt/x', true],
    [['mount', '-w', 'a', '/mnt/x'], '/mnt/x', true],
    [['mount', '-vw', 'a', '/mnt/x'], '/mnt/x', true],
    [['mount', '--rw', 'a', '/mnt/x'], '/mnt/x', true],
    [['mount', '/mnt/rw'], '/mnt/rw', true],
    [['mount', '-a'], '/mnt/rw', true],
    [['mount', '/mnt/with space'], '/mnt/with space', true],
    [['mount', '-t', 'fuse.fsbridge', 'a', '/mnt/x'], '/mnt/x', false],
    [['mount', '-tw', 'a', '/mnt/x'], '/mnt/x', false],
    [['mount', '-o', 'volume=2', 'a', '/mnt/x'], '/mnt/x', false],
    [['mount', '-o', 'volume=rw', 'a', '/mnt/x'], '/mnt/x', false],
    [['mount', '-o', 'volume=2', 'a', '/mnt/rw'], '/mnt/rw', false],
    [['mount', '/mnt/ro'], '/mnt/ro', false],
    [['mount', '-a'], '/mnt/c', false],
    [['mount', '-T', '/other', '/mnt/rw'], '/mnt/rw', false],
  ])('%j on %s: %s', (caller, target, expected) => {
    expect(optionsOfCaller(caller, target, read).includes('rw')).toBe(expected);
  });
});
