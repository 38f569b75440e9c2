import { describe, expect, test } from 'vitest';
import {
  isError,
  type NtStatus,
  ntStatusName,
  ntStatusOf,
  STATUS,
  toNtStatus,
} from '../../../../src/fsbridge/translate/ntstatus.ts';
import { errno } from '../../../../src/vfs-linux/abi.gen.ts';

describe('the status of an errno', () => {
  test.each(Object.entries(errno))('%s (%i) is an error with a name', (_name, number) => {
    const status = ntStatusOf(-number);
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

test('the compiler takes no other number for a status', () => {
  const plainNumber: Fits<number, NtStatus> = 'does not fit';
  const status: Fits<NtStatus, NtStatus> = 'fits';
  const converted: Fits<ReturnType<typeof ntStatusOf>, NtStatus> = 'fits';
  expect([plainNumber, status, converted]).toEqual(['does not fit', 'fits', 'fits']);
});
