/**
 * A drive letter without Windows: the real Node for Windows runs fsbridge with its kernel under
 * Wine. A stand-in (stand-in/) replaces WinFsp's DLL, and plays the driver and the programs.
 */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeUnless } from '../../support/needs.ts';
import { defineDrive, type GuestSystem } from './define-drive.ts';
import { expectClean, makeImage, whyNoImages } from './drive-images.ts';
import { expectGuest, type GuestEnd } from './guest-results.ts';
import { buildStandIn, whyNoStandIn } from './stand-in-build.ts';
import { noNodeForWindows, WindowsMachine } from './windows-machine.ts';
import { whyNoWine, windowsPath } from './wine.ts';

const guestMs = 300_000;
const setupMs = 900_000;
const guestScript = 'test/windows/wine/guest.ts';
const missing = whyNoWine() ?? whyNoStandIn('windows') ?? whyNoImages();

describeUnless(missing)('a drive under Wine, through the stand-in', () => {
  let machine: WindowsMachine | undefined;
  let system: GuestSystem;

  beforeAll(async () => {
    machine = await WindowsMachine.create();
    if (machine === undefined) return;
    const { folder } = machine;
    const library = buildStandIn('windows', machine.makeDllFolder());
    await machine.install();
    const run = (args: readonly string[]): Promise<GuestEnd> => runGuest(args);
    system = { mode: 'installed', library, folder, nameOf: windowsPath, run };
  }, setupMs);

  beforeEach(({ skip }) => {
    if (machine === undefined) skip(noNodeForWindows);
  });

  afterAll(() => machine?.[Symbol.dispose]());

  const running = (): WindowsMachine => machine as WindowsMachine;

  const runGuest = (
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<GuestEnd> =>
    running().wine.run([...running().nodeArguments(guestScript), ...args], guestMs, environment);

  test('a mount is refused where WinFsp is not installed', async () => {
    await running().uninstall();
    try {
      const image = await makeImage(system.folder, 'missing.img');
      const end = await runGuest(['refusal', '-', windowsPath(image), 'ERR_WINFSP_MISSING']);
      expectGuest(end, { minChecks: 2 });
    } finally {
      await running().install();
    }
  });

  test('a mount is refused where WinFsp is too old', async () => {
    const image = await makeImage(system.folder, 'old.img');
    const args = ['refusal', '-', windowsPath(image), 'ERR_WINFSP_OLD'];
    expectGuest(await runGuest(args, { STAND_IN_VERSION: '0x20001' }), { minChecks: 2 });
  });

  defineDrive(() => system);

  test('fsbridge mount shows a drive, and ends when the drive is taken away', async () => {
    const { folder } = system;
    const image = await makeImage(folder, 'command.img');
    const reportFile = path.join(folder, 'command.txt');
    const command = ['mount', windowsPath(image), 'L:', '--rw', '--foreground'];
    const { status, stdout, stderr } = await running().wine.run(
      [...running().nodeArguments('src/cli/main.ts'), ...command],
      guestMs,
      { STAND_IN_PLAY: 'story', STAND_IN_REPORT: windowsPath(reportFile) },
    );
    expect(stdout + stderr).toMatch(/is mounted at L:/);
    const report = fs.readFileSync(reportFile, 'utf8');
    expect(report).toMatch(/^[1-9]\d* passed, 0 failed\n/);
    expect(status, stderr.slice(-2000)).toBe(0);
    await expectClean(image);
  });

  test('when the session ends, the drive is unmounted and written out first', async () => {
    const { library, folder } = system;
    const image = await makeImage(folder, 'session.img');
    const end = await runGuest(['session', windowsPath(library), windowsPath(image)]);
    expectGuest(end, { minChecks: 10 });
    await expectClean(image);
  });
});
