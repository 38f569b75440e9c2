import { describe, expect, test } from 'vitest';
import {
  isError,
  type NtStatus,
  ntStatusName,
  ntStatusOf,
  ntStatusOfResult,
  STATUS,
  toNtStatus,
} from '../../../../src/fsbridge/translate/ntstatus.ts';
import { errno } from '../../../../src/vfs-linux/abi.gen.ts';
import { type Errno, negative } from '../../../../src/vfs-linux/errno.ts';

describe('the status of an errno', () => {
  test.each(Object.entries(errno))('%s (%i) is an error with a name', (_name, number) => {
    const status = ntStatusOf(negative(number));
    expect(status).toBeGreaterThanOrEqual(0xc0000000);
    expect(ntStatusName(status)).not.toMatch(/^0x/);
  });

  test.each<[keyof typeof errno, keyof typeof STATUS]>([
    ['ENOENT', 'OBJECT_NAME_NOT_FOUND'],
    ['EACCES', 'ACCESS_DENIED'],
    ['EPERM', 'ACCESS_DENIED'],
    ['EROFS', 'MEDIA_WRITE_PROTECTED'],
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'QUOTA_EXCEEDED'],
    ['EEXIST', 'OBJECT_NAME_COLLISION'],
    ['ENOTEMPTY', 'DIRECTORY_NOT_EMPTY'],
    ['ENAMETOOLONG', 'NAME_TOO_LONG'],
    ['EIO', 'IO_DEVICE_ERROR'],
    ['EBUSY', 'SHARING_VIOLATION'],
    ['ENOSYS', 'NOT_SUPPORTED'],
    ['EOPNOTSUPP', 'NOT_SUPPORTED'],
    ['EINVAL', 'INVALID_PARAMETER'],
    ['EXDEV', 'NOT_SAME_DEVICE'],
    ['EMLINK', 'TOO_MANY_LINKS'],
    ['ENODATA', 'NO_EAS_ON_FILE'],
    ['ENOTDIR', 'NOT_A_DIRECTORY'],
    ['EISDIR', 'FILE_IS_A_DIRECTORY'],
    ['EUCLEAN', 'FILE_CORRUPT_ERROR'],
    ['EBADMSG', 'CRC_ERROR'],
    ['ENOKEY', 'NO_USER_KEYS'],
  ])('%s is %s', (name, status) => {
    expect(ntStatusName(ntStatusOf(negative(errno[name])))).toBe(status);
  });

  test('is SUCCESS for what a call gives when it works', () => {
    expect(ntStatusOfResult(0)).toBe(STATUS.SUCCESS);
    expect(ntStatusOfResult(4096)).toBe(STATUS.SUCCESS);
  });

  test('is UNSUCCESSFUL for a number that is none', () => {
    expect(ntStatusOf(-41 as Errno)).toBe(STATUS.UNSUCCESSFUL);
    expect(ntStatusOf(-4000 as Errno)).toBe(STATUS.UNSUCCESSFUL);
  });
});

describe('a status that Windows gives', () => {
  test('is the same signed and unsigned, and its number where it has no name here', () => {
    expect(ntStatusName(toNtStatus(0xc0001234))).toBe('0xC0001234');
    expect(ntStatusName(toNtStatus(0xc0000034 | 0))).toBe('OBJECT_NAME_NOT_FOUND');
  });

  test('is an error from the warnings on', () => {
    expect(isError(STATUS.SUCCESS)).toBe(false);
    expect(isError(STATUS.REPARSE)).toBe(false);
    expect(isError(STATUS.NO_MORE_FILES)).toBe(true);
    expect(isError(STATUS.ACCESS_DENIED)).toBe(true);
  });
});

test('no two names are one status', () => {
  expect(new Set(Object.values(STATUS)).size).toBe(Object.keys(STATUS).length);
});

/** Whether the compiler takes an A where a B is asked for. */
type Fits<A, B> = A extends B ? 'fits' : 'does not fit';

interface Verdicts {
  readonly 'a plain number as a status': Fits<number, NtStatus>;
  readonly 'an errno as a status': Fits<Errno, NtStatus>;
  readonly 'a status as an errno': Fits<NtStatus, Errno>;
  readonly 'a converted errno as a status': Fits<ReturnType<typeof ntStatusOf>, NtStatus>;
  readonly 'a plain number as what is converted': Fits<number, Parameters<typeof ntStatusOf>[0]>;
  readonly 'a status as what is converted': Fits<NtStatus, Parameters<typeof ntStatusOf>[0]>;
}

test('the compiler refuses an errno that was not converted', () => {
  // This is the compiler's test: with another verdict the object has another type.
  const verdicts: Verdicts = {
    'a plain number as a status': 'does not fit',
    'an errno as a status': 'does not fit',
    'a status as an errno': 'does not fit',
    'a converted errno as a status': 'fits',
    'a plain number as what is converted': 'does not fit',
    'a status as what is converted': 'does not fit',
  };
  expect(Object.values(verdicts).filter((verdict) => verdict === 'fits')).toHaveLength(1);
});
