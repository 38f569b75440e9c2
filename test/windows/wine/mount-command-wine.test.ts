/**
 * fsbridge mount, status and umount as a user of Windows meets them: Node for Windows under Wine, with
 * a stand-in for WinFsp's DLL.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { MountStatus } from '../../../src/daemon/control/messages.ts';
import { fsckVerdict } from '../../support/images/fsck.ts';
import { buildStandIn, canBuildStandIn } from './stand-in-build.ts';
import { makeWindowsApp } from './windows-app.ts';
import { Wine, type WineResult, whyNoWine, windowsPath } from './wine.ts';

const missing = whyNoWine() ?? (canBuildStandIn('windows') ? undefined : 'mingw is not installed');
const commandMs = 120_000;
const registryKey = 'HKLM\\SOFTWARE\\WOW6432Node\\WinFsp';
const installed = 'C:\\Program Files (x86)\\WinFsp\\';

test.skipIf(missing !== undefined)(
  `a drive letter is mounted, told of, and unmounted (${missing ?? 'Wine'})`,
  async ({ skip }) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-wine-mount-'));
    using cleanup = new DisposableStack();
    cleanup.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const appFolder = path.join(folder, 'app');
    fs.mkdirSync(appFolder);
    const app = makeWindowsApp(appFolder);
    if (app === undefined) return skip('npm gives no Node for Windows');
    const image = path.join(folder, 'disk.img');
    fs.writeFileSync(image, '');
    fs.truncateSync(image, 64 * 1048576);
    execFileSync('mkfs.ext4', ['-q', '-F', '-L', 'drive', image], { stdio: 'pipe' });
    const wine = cleanup.use(await Wine.create(folder));
    const main = windowsPath(path.join(appFolder, 'src/cli/main.ts'));
    const fsbridge = (...args: string[]): Promise<WineResult> =>
      wine.run([windowsPath(app.node), main, ...args], commandMs);

    const without = await fsbridge('mount', windowsPath(image), 'l:', '--rw');
    expect([without.status, without.stderr]).toEqual([
      1,
      expect.stringMatching(/^fsbridge: WinFsp: it is not installed \(ERR_WINFSP_MISSING\)\n/),
    ]);
    const bin = path.join(wine.driveC, 'Program Files (x86)', 'WinFsp', 'bin');
    fs.mkdirSync(bin, { recursive: true });
    buildStandIn('windows', bin);
    const value = ['/v', 'InstallDir', '/d', installed, '/f'];
    await wine.run(['reg', 'add', registryKey, ...value], commandMs);

    expect(await fsbridge('mount', windowsPath(image), 'l:', '--rw')).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    const [status, ...others] = JSON.parse(
      (await fsbridge('status', '--json')).stdout,
    ) as MountStatus[];
    expect(others).toEqual([]);
    expect(status).toMatchObject({
      source: windowsPath(image),
      target: 'L:',
      transport: 'winfsp',
      volume: { type: 'ext4', label: 'drive' },
      readOnly: false,
    });
    const twice = await fsbridge('mount', windowsPath(image), 'm:', '--rw');
    expect(twice.stderr).toMatch(/has it open for writing.*\(ERR_SOURCE_LOCKED\)/);
    expect(await fsbridge('umount', 'l:')).toMatchObject({ status: 0, stderr: '' });
    expect((await fsbridge('status')).stdout).toBe('Nothing is mounted.\n');
    const { clean, output } = await fsckVerdict(image, 'ext4');
    expect(clean, output).toBe(true);
  },
);
