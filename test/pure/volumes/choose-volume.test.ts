import { describe, expect, test } from 'vitest';
import { FsBridgeError } from '../../../src/errors.ts';
import type { Detected, VolumeKind } from '../../../src/probe/detected.ts';
import { chooseVolume, type VolumeEntry, wholeCounts } from '../../../src/volumes/choose-volume.ts';

function found(type: string, more: Partial<Detected> = {}): Detected {
  const kind: VolumeKind = 'filesystem';
  return { type, kind, kernelTypes: kind === 'filesystem' ? [type] : [], state: 'clean', ...more };
}

const luks = found('crypto_LUKS', { kind: 'container', kernelTypes: [] });
const swap = found('swap', { kind: 'swap', kernelTypes: [] });

function entry(id: string, detected?: Detected, more: Partial<VolumeEntry> = {}): VolumeEntry {
  const place = { offsetBytes: 0, sizeBytes: 1, primary: true };
  return { id, device: `disk0p${id}`, ...place, ...(detected ? { detected } : {}), ...more };
}

function codeOf(choose: () => unknown): string {
  try {
    choose();
  } catch (error) {
    if (error instanceof FsBridgeError) return error.code;
    throw error;
  }
  return 'none';
}

describe('of a disk and its partitions', () => {
  test('the disk counts where it has no partitions', () => {
    expect(wholeCounts(undefined, [])).toBe(true);
  });

  test('the partitions count where the disk holds nothing itself', () => {
    expect(wholeCounts(undefined, [found('ext4'), undefined])).toBe(false);
  });

  test('the disk counts where its partition table is made up for firmware', () => {
    expect(wholeCounts(found('iso9660'), [found('iso9660'), found('vfat')])).toBe(true);
  });

  test('the disk counts where it is encrypted or a part of an array', () => {
    expect(wholeCounts(luks, [found('ext4')])).toBe(true);
    const member = found('linux_raid_member', { kind: 'member', kernelTypes: [] });
    expect(wholeCounts(member, [found('ext4')])).toBe(true);
  });

  test('the disk counts where nothing is in what looks like partitions', () => {
    expect(wholeCounts(found('ntfs'), [undefined, undefined])).toBe(true);
  });

  test('the partitions count where the disk has a superblock left over from before', () => {
    expect(wholeCounts(found('ext4'), [found('ext4'), undefined])).toBe(false);
  });
});

describe('the volume', () => {
  test('is the only one that can be mounted', () => {
    const entries = [entry('1', swap), entry('2', found('ext4')), entry('3', luks), entry('4')];
    expect(chooseVolume('x', entries).id).toBe('2');
  });

  test('is asked for where there are several', () => {
    const entries = [entry('1', found('vfat')), entry('2', found('ext4'))];
    expect(() => chooseVolume('x', entries)).toThrow(/1 \(vfat\), 2 \(ext4\)/);
    expect(codeOf(() => chooseVolume('x', entries))).toBe('ERR_VOLUME_AMBIGUOUS');
  });

  test('is found by its id, label, UUID or partition name', () => {
    const entries = [
      entry('1', found('vfat', { label: '2' })),
      entry('2', found('ext4', { label: 'root', uuid: 'aa-bb' }), { partitionName: 'system' }),
    ];
    for (const name of ['2', 'root', 'AA-BB', 'system']) {
      expect(chooseVolume('x', entries, name).id).toBe('2');
    }
    expect(codeOf(() => chooseVolume('x', entries, 'ROOT'))).toBe('ERR_NO_SUCH_VOLUME');
  });

  test('is asked for where two have the same label', () => {
    const twins = [
      entry('1', found('ext4', { label: 'a' })),
      entry('2', found('xfs', { label: 'a' })),
    ];
    expect(codeOf(() => chooseVolume('x', twins, 'a'))).toBe('ERR_VOLUME_AMBIGUOUS');
  });

  test('may be one that does not count, when it is named', () => {
    const entries = [
      entry('disk', found('iso9660')),
      entry('2', found('vfat'), { primary: false }),
    ];
    expect(chooseVolume('x', entries).id).toBe('disk');
    expect(chooseVolume('x', entries, '2').id).toBe('2');
  });

  test('is the one that nobody recognises, where there is no other', () => {
    expect(chooseVolume('x', [entry('disk')]).id).toBe('disk');
    expect(chooseVolume('x', [entry('1', swap), entry('2')]).id).toBe('2');
  });

  test('is none where what is there cannot be mounted, and the message says what it is', () => {
    expect(() => chooseVolume('x', [entry('1', swap), entry('2', luks)])).toThrow(
      /1 \(swap\), 2 \(crypto_LUKS\) \(ERR_NO_FILE_SYSTEM\)/,
    );
  });

  test('is any that there is, where its type is known from elsewhere', () => {
    expect(chooseVolume('x', [entry('disk', swap)], undefined, true).id).toBe('disk');
    const entries = [entry('1', swap), entry('2', found('ext4'))];
    expect(chooseVolume('x', entries, undefined, true).id).toBe('2');
  });
});
