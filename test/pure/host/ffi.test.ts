import { describe, expect, test } from 'vitest';
import { inBackground, loadFfi, loadFfiSync } from '../../../src/host/ffi.ts';

describe.runIf(process.platform === 'linux')('functions of the C library', () => {
  test('a call that fails answers its errno, negative', async () => {
    const ffi = await loadFfi();
    const close = ffi.open(null)('close', 'int', ['int']);
    expect(ffi.orErrno(close(-1))).toBe(-9);
  });

  test('a call on another thread tells its errno too', async () => {
    const ffi = loadFfiSync();
    const close = ffi.open(null)('close', 'int', ['int']);
    const answer = await inBackground(close, [-1], (result) => ffi.orErrno(result));
    expect(answer).toBe(-9);
  });

  test('a call that cannot be made rejects', async () => {
    const close = loadFfiSync().open(null)('close', 'int', ['int']);
    await expect(inBackground(close, ['three'], (result) => result)).rejects.toThrow();
  });
});
