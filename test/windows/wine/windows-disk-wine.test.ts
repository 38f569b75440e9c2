/** The functions of Windows that a disk needs, called for real by Node for Windows, under Wine. */
import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { testUnless } from '../../support/needs.ts';
import { mustRun } from '../../support/run-program.ts';
import { whyNoImages } from './drive-images.ts';
import { noNodeForWindows, WindowsMachine } from './windows-machine.ts';
import { whyNoWine, windowsPath } from './wine.ts';

const missing = whyNoWine() ?? whyNoImages();
const guestMs = 120_000;
const guestScript = 'test/windows/wine/disk-guest.ts';
const diskBytes = 64 * 1048576;
const checks = 13;

testUnless(missing)(
  'koffi calls Windows’ disk functions as they must be called',
  async ({ skip }) => {
    using machine = await WindowsMachine.create();
    if (machine === undefined) return skip(noNodeForWindows);
    const { folder, app, wine } = machine;
    fs.copyFileSync(
      path.resolve(import.meta.dirname, 'disk-guest.ts'),
      path.join(app.folder, guestScript),
    );
    const disk = path.join(folder, 'disk.img');
    fs.writeFileSync(disk, '');
    fs.truncateSync(disk, diskBytes);
    await mustRun(['mkfs.ext4', '-q', '-F', disk]);
    // In Wine E: is a folder, and E:: the disk that the folder lies on.
    const devices = path.resolve(wine.driveC, '../dosdevices');
    fs.mkdirSync(path.join(folder, 'mounted'));
    fs.symlinkSync(path.join(folder, 'mounted'), path.join(devices, 'e:'));
    fs.symlinkSync(disk, path.join(devices, 'e::'));
    const argv = [app.node, windowsPath(path.join(app.folder, guestScript))];
    const { status, stdout, stderr } = await wine.run(argv, guestMs);
    const results = stdout.split('\n').filter(Boolean);
    expect(results.length, stderr).toBe(checks);
    expect(results.filter((line) => !line.includes('"holds":true'))).toEqual([]);
    expect(status).toBe(0);
  },
);
