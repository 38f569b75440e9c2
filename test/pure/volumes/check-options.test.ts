import { expect, test } from 'vitest';
import { checkVolumeOptions } from '../../../src/volumes/check-options.ts';

const hostFlags = ['dev', 'nodev', 'suid', 'nosuid', 'exec', 'noexec', 'writeback', 'nosymfollow'];

test.each(['rw', 'rw=1', 'noatime,rw', 'ro,rw', '"rw"', 'subvol="a,rw,b"'])(
  '--options %s without --rw is refused, and the advice is --rw',
  (options) => {
    expect(() => checkVolumeOptions(options, false)).toThrow(
      expect.objectContaining({ code: 'ERR_USAGE', advice: expect.stringContaining('--rw') }),
    );
  },
);

test.each(['ro', 'noatime,ro', 'rw,ro'])('--options %s contradicts --rw', (options) => {
  expect(() => checkVolumeOptions(options, true)).toThrow(/"ro" and --rw contradict.*ERR_USAGE/);
});

test.each([
  ['ro', false],
  ['rw', true],
])('--options %s says what --rw says: %s', (options, write) => {
  expect(() => checkVolumeOptions(options, write)).not.toThrow();
});

test.each(['remount', 'bind', 'rbind', 'move'])('--options %s mounts no disk', (word) => {
  for (const write of [false, true])
    expect(() => checkVolumeOptions(`${word},noatime`, write)).toThrow(/does not mount a disk/);
});

test.each(hostFlags)('--options %s is refused, and the advice is --host-options', (word) => {
  for (const write of [false, true])
    expect(() => checkVolumeOptions(`noatime,${word}`, write)).toThrow(
      expect.objectContaining({ advice: expect.stringContaining(`--host-options ${word}`) }),
    );
});

test('options of the file system pass', () => {
  const options = 'noatime,sync,subvol=/rw,data=writeback,errors=remount-ro,norecovery,defaults';
  for (const write of [false, true]) expect(() => checkVolumeOptions(options, write)).not.toThrow();
});
