import { describe, expect, test } from 'vitest';
import {
  errnoOf,
  ntStatusName,
  ntStatusOf,
  STATUS,
} from '../../../../src/fsbridge/translate/ntstatus.ts';
import { errno } from '../../../../src/vfs-linux/abi.gen.ts';

describe('the status of an errno', () => {
  test.each(Object.entries(errno))('%s (%i) is an error, and leads back', (_name, number) => {
    const status = ntStatusOf(-number);
    expect(status).toBeGreaterThanOrEqual(0xc0000000);
    expect(ntStatusName(status)).not.toMatch(/^0x/);
    const back = errnoOf(status);
    expect(back).toBeLessThan(0);
    // Several errno may share a status: the one it leads back to is of the same status.
    expect(ntStatusOf(back)).toBe(status);
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
    expect(ntStatusName(ntStatusOf(-errno[name]))).toBe(status);
  });

  test('is SUCCESS for what a call gives when it works', () => {
    expect(ntStatusOf(0)).toBe(STATUS.SUCCESS);
    expect(ntStatusOf(4096)).toBe(STATUS.SUCCESS);
  });

  test('is UNSUCCESSFUL for a number that is none', () => {
    expect(ntStatusOf(-41)).toBe(STATUS.UNSUCCESSFUL);
    expect(ntStatusOf(-4000)).toBe(STATUS.UNSUCCESSFUL);
  });
});

describe('the errno of a status', () => {
  test.each(Object.entries(STATUS))('%s is one of this kernel’s', (_name, status) => {
    const number = errnoOf(status);
    const isError = status >= 0x80000000;
    expect(isError ? Object.values(errno) : [0]).toContain(Math.abs(number));
    expect(number < 0).toBe(isError);
  });

  test('is not the one of last resort for a status of a name', () => {
    expect(errnoOf(STATUS.OBJECT_PATH_NOT_FOUND)).toBe(-errno.ENOENT);
    expect(errnoOf(STATUS.ACCESS_DENIED)).toBe(-errno.EACCES);
    expect(errnoOf(STATUS.CANNOT_DELETE)).toBe(-errno.EACCES);
  });

  test('is EIO for a status that is not known, signed or not', () => {
    expect(errnoOf(0xc0001234)).toBe(-errno.EIO);
    expect(errnoOf(0xc0000034 | 0)).toBe(-errno.ENOENT);
  });
});

test('a status without a name is its number', () => {
  expect(ntStatusName(0xc0001234)).toBe('0xC0001234');
  expect(ntStatusName(0xc0000034 | 0)).toBe('OBJECT_NAME_NOT_FOUND');
});

test('no two names are one status', () => {
  expect(new Set(Object.values(STATUS)).size).toBe(Object.keys(STATUS).length);
});
