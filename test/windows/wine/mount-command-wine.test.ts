/**
 * fsbridge mount, status and umount as a user of Windows meets them: Node for Windows under Wine,
 * with a stand-in for WinFsp's DLL.
 */
import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { MountStatus } from '../../../src/daemon/control/control-protocol.ts';
import { testUnless } from '../../support/needs.ts';
import { mustRun } from '../../support/run-program.ts';
import { expectClean, whyNoImages } from './drive-images.ts';
import { buildStandIn, whyNoStandIn } from './stand-in-build.ts';
import { noNodeForWindows, WindowsMachine } from './windows-machine.ts';
import { type WineResult, whyNoWine, windowsPath } from './wine.ts';

const missing = whyNoWine() ?? whyNoStandIn('windows') ?? whyNoImages();
const commandMs = 120_000;
const imageBytes = 64 * 1048576;

testUnless(missing)('a drive letter is mounted, listed and unmounted', async ({ skip }) => {
  using machine = await WindowsMachine.create();
  if (machine === undefined) return skip(noNodeForWindows);
  const image = path.join(machine.folder, 'disk.img');
  fs.writeFileSync(image, '');
  fs.truncateSync(image, imageBytes);
  await mustRun(['mkfs.ext4', '-q', '-F', '-L', 'drive', image]);
  const command = machine.nodeArguments('src/cli/main.ts');
  const fsbridge = (...args: string[]): Promise<WineResult> =>
    machine.wine.run([...command, ...args], commandMs);

  const without = await fsbridge('mount', windowsPath(image), 'l:', '--rw');
  expect([without.status, without.stderr]).toEqual([
    1,
    expect.stringMatching(/^fsbridge: WinFsp: it is not installed \(ERR_WINFSP_MISSING\)\n/),
  ]);
  buildStandIn('windows', machine.makeDllFolder());
  await machine.install();

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
  await expectClean(image);
});
