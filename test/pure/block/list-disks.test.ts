import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listLinuxDisks, listWindowsDisks } from '../../../src/block/list-disks.ts';
import { FakeWindows, fakeDisk } from '../../support/windows/fake-windows.ts';

test('Linux’s disks are those of /sys/block that have a medium and stand on no other', async () => {
  const sys = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-sys-'));
  const put = (name: string, size: number, vendor?: string, model?: string): void => {
    const folder = path.join(sys, 'block', name, 'device');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, '..', 'size'), `${size}\n`);
    if (vendor !== undefined) fs.writeFileSync(path.join(folder, 'vendor'), `${vendor}\n`);
    if (model !== undefined) fs.writeFileSync(path.join(folder, 'model'), `${model}   \n`);
  };
  put('sda', 1000, 'ATA     ', 'Rotor 5');
  put('sdb', 2000, 'Generic ', 'Stick');
  put('sr0', 0, 'Plextor', 'CD');
  put('nvme0n1', 3000, undefined, 'Fast 9');
  put('mmcblk0', 10);
  put('cciss!c0d0', 10);
  for (const name of ['loop0', 'dm-0', 'md0', 'zram0', 'ram0']) put(name, 100);
  expect(await listLinuxDisks({ sys, proc: sys })).toEqual([
    { name: '/dev/cciss/c0d0', model: '' },
    { name: '/dev/mmcblk0', model: '' },
    { name: '/dev/nvme0n1', model: 'Fast 9' },
    { name: '/dev/sda', model: 'Rotor 5' },
    { name: '/dev/sdb', model: 'Generic Stick' },
  ]);
  fs.rmSync(sys, { recursive: true });
});

test('Windows’ disks are listed with their names, without a right to read them', async () => {
  const windows = new FakeWindows(fakeDisk(4096, { model: 'Rotor 5' }), fakeDisk(4096));
  windows.isElevated = false;
  expect(await listWindowsDisks(windows)).toEqual([
    { name: '\\\\.\\PhysicalDrive0', model: 'Rotor 5' },
    { name: '\\\\.\\PhysicalDrive1', model: '' },
  ]);
  expect(windows.openHandles).toBe(0);
});
