import { expect, test } from 'vitest';
import { ENOSPC, negativeErrno } from '../../../src/block/errno.ts';

function hostError(code: string, errno: number): Error {
  return Object.assign(new Error(code), { code, errno });
}

test("a full host disk is ENOSPC with Linux's number, whatever number the host gives it", () => {
  expect(negativeErrno(hostError('ENOSPC', -28))).toBe(-ENOSPC);
  expect(negativeErrno(hostError('ENOSPC', -4055))).toBe(-28);
  expect(negativeErrno(hostError('EDQUOT', -122))).toBe(-28);
});

test('the number of ENOSPC is that of asm-generic/errno-base.h', () => {
  expect(ENOSPC).toBe(28);
});

test('an error of the host that forbids writing means a read-only disk', () => {
  for (const code of ['EROFS', 'EACCES', 'EPERM']) {
    expect(negativeErrno(hostError(code, -1))).toBe(-30);
  }
});

test('an error that the kernel does not distinguish is an I/O error', () => {
  expect(negativeErrno(hostError('UNKNOWN', -4094))).toBe(-5);
  expect(negativeErrno(new Error('no code'))).toBe(-5);
  expect(negativeErrno('not even an error')).toBe(-5);
  expect(negativeErrno(Object.assign(new Error('odd'), { code: 7 }))).toBe(-5);
});
