/**
 * Damaged superblocks: bytes of real ones are changed at random, and detection has to answer
 * anyway, soon and without reading the whole disk.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ByteReader } from '../../../src/probe/cached-reader.ts';
import { detect } from '../../../src/probe/detect.ts';
import { corpusImage, listCorpus } from '../../support/images/corpus.ts';
import { patched, withFile } from '../../support/images/readers.ts';
import { describeUnless, noCorpus } from '../../support/needs.ts';

const sectorBytes = 512;
const mutants = 40;
/** ZFS's four labels, an XFS log's 2 MiB and all the rest. */
const maxReadBytes: number = 8 * 1024 * 1024;

const names: readonly string[] = [
  'blkid__bcachefs',
  'blkid__hfs',
  'blkid__iso-unicode-long-label',
  'blkid__luks2',
  'blkid__mdraid-1',
  'syzkaller__minix_1',
  'blkid__ntfs',
  'blkid__reiser4',
  'blkid__udf-hdd-mkudffs-2.2',
  'blkid__ufs',
  'blkid__xfs',
  'syzkaller__btrfs_1',
  'syzkaller__erofs_0',
  'syzkaller__exfat_0',
  'syzkaller__ext4_1',
  'syzkaller__f2fs_0',
  'syzkaller__hfsplus_0',
  'syzkaller__nilfs2_0',
  'syzkaller__squashfs_10',
  'syzkaller__vfat_2',
];

const corpus = listCorpus();
const images = names
  .map((name) => corpus?.find((image) => image.name === name))
  .filter((image) => image !== undefined);

/** The sectors that detection looks at and that are not empty. */
async function sectorsOfInterest(reader: ByteReader): Promise<readonly number[]> {
  const found = new Set<number>();
  await detect({
    sizeBytes: reader.sizeBytes,
    async read(offsetBytes, lengthBytes) {
      const bytes = await reader.read(offsetBytes, lengthBytes);
      for (let at = 0; bytes !== undefined && at < bytes.length; at += sectorBytes) {
        const sector = bytes.subarray(at, at + sectorBytes);
        if (sector.some((byte) => byte !== 0)) found.add(offsetBytes + at);
      }
      return bytes;
    },
  });
  return [...found];
}

async function bytesReadToDetect(reader: ByteReader): Promise<number> {
  let total = 0;
  await detect({
    sizeBytes: reader.sizeBytes,
    read(offsetBytes, lengthBytes) {
      total += lengthBytes;
      return reader.read(offsetBytes, lengthBytes);
    },
  });
  return total;
}

/** One to six changes, each of one to eight bytes, often of the extreme values. */
function mutations(sectors: readonly number[]): fc.Arbitrary<ReadonlyMap<number, number>> {
  const value = fc.oneof(fc.constantFrom(0, 0xff, 0x7f, 0x80), fc.integer({ min: 0, max: 255 }));
  const change = fc.record({
    // Small indices are more likely: the superblocks are among the first sectors read.
    sector: fc.nat({ max: sectors.length - 1 }).map((index) => sectors[index] ?? 0),
    within: fc.nat({ max: sectorBytes - 1 }),
    values: fc.array(value, { minLength: 1, maxLength: 8 }),
  });
  return fc.array(change, { minLength: 1, maxLength: 6 }).map((changes) => {
    const bytes = changes.flatMap(({ sector, within, values }) =>
      values.map((byte, index) => [sector + within + index, byte] as const),
    );
    return new Map(bytes);
  });
}

describeUnless(noCorpus)('a damaged superblock', () => {
  test.each(images)(
    'in $name is answered without an exception',
    { timeout: 20_000 },
    async (image) => {
      await withFile(await corpusImage(image), async (reader) => {
        const sectors = await sectorsOfInterest(reader);
        expect(sectors.length).toBeGreaterThan(0);
        await fc.assert(
          fc.asyncProperty(mutations(sectors), async (patch) => {
            expect(await bytesReadToDetect(patched(reader, patch))).toBeLessThan(maxReadBytes);
          }),
          { numRuns: mutants },
        );
      });
    },
  );
});
