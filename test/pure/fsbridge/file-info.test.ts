import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FileInfo, fillInfo } from '../../../src/fsbridge/file-info.ts';
import { unixEpochFileTime } from '../../../src/fsbridge/translate/times.ts';
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import { Statx } from '../../../src/vfs-linux/statx.ts';

/** A statx whose times are all the same. */
function statxAt(sec: number, nsec: number): Statx {
  const bytes = new ArrayBuffer(abi['statx.size']);
  const view = new DataView(bytes);
  view.setUint32(abi['statx.stx_mask'], abi.STATX_BASIC_STATS | abi.STATX_BTIME, true);
  view.setUint16(abi['statx.stx_mode'], abi.S_IFREG | 0o644, true);
  for (const time of ['atime', 'btime', 'ctime', 'mtime'] as const) {
    view.setBigInt64(abi[`statx.stx_${time}`], BigInt(sec), true);
    view.setUint32(abi[`statx.stx_${time}`] + abi['statx_timestamp.tv_nsec'], nsec, true);
  }
  return new Statx({ u32: new Uint32Array(bytes), i32: new Int32Array(bytes) }, 0);
}

/** By MS-FSCC 2.4.7, in bigints. */
function fileTimeOf(sec: number, nsec: number): bigint {
  const ticks = BigInt(sec) * 10_000_000n + BigInt(nsec) / 100n + unixEpochFileTime;
  const latest = 2n ** 63n - 1n;
  return ticks < 1n ? 1n : ticks > latest ? latest : ticks;
}

test('times are FILETIMEs, clamped to those that exist', () => {
  const facts = { dos: undefined, reparseTag: 0, isDirectoryLink: false, eaSize: 0 };
  const seconds = fc.oneof(
    fc.integer({ min: -2_147_483_648, max: 4_294_967_295 }),
    fc.integer({ min: -12_000_000_000, max: 1_000_000_000_000 }),
    fc.constantFrom(-11_644_473_600, -11_644_473_601, 910_692_730_085, 910_692_730_086),
  );
  const property = fc.property(seconds, fc.integer({ min: 0, max: 999_999_999 }), (sec, nsec) => {
    const info = new FileInfo();
    fillInfo(info, statxAt(sec, nsec), facts);
    const expected = fileTimeOf(sec, nsec);
    expect([info.creationTime, info.changeTime, info.lastWriteTime]).toEqual([
      expected,
      expected,
      expected,
    ]);
  });
  fc.assert(property, { numRuns: 2000 });
});
