/** The functions of Windows that a disk needs, called for real by Node for Windows, under Wine. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeWindowsApp } from './windows-app.ts';
import { Wine, whyNoWine, windowsPath } from './wine.ts';

const missing = whyNoWine();
const guestMs = 120_000;

test.skipIf(missing !== undefined)(
  `koffi calls Windows’ disk functions as they want it (${missing ?? 'Wine'})`,
  async ({ skip }) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-wine-disk-'));
    using cleanup = new DisposableStack();
    cleanup.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const appFolder = path.join(folder, 'app');
    fs.mkdirSync(appFolder);
    const app = makeWindowsApp(appFolder);
    if (app === undefined) return skip('npm gives no Node for Windows');
    const guest = path.join(appFolder, 'test/windows/wine/disk-guest.ts');
    fs.copyFileSync(path.resolve(import.meta.dirname, 'disk-guest.ts'), guest);
    const disk = path.join(folder, 'disk.img');
    fs.writeFileSync(disk, '');
    fs.truncateSync(disk, 64 * 1048576);
    execFileSync('mkfs.ext4', ['-q', '-F', disk], { stdio: 'pipe' });
    const wine = cleanup.use(await Wine.create(folder));
    // E: is a folder, and E:: the disk that it lies on.
    const devices = path.resolve(wine.driveC, '../dosdevices');
    fs.mkdirSync(path.join(folder, 'mounted'));
    fs.symlinkSync(path.join(folder, 'mounted'), path.join(devices, 'e:'));
    fs.symlinkSync(disk, path.join(devices, 'e::'));
    const { status, stdout, stderr } = await wine.run([app.node, windowsPath(guest)], guestMs);
    const results = stdout.split('\n').filter(Boolean);
    expect(results.length, stderr).toBe(13);
    expect(results.filter((line) => !line.includes('"holds":true'))).toEqual([]);
    expect(status).toBe(0);
  },
);
