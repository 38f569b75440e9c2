/**
 * `npm run test:wine`: the drive letter without Windows. The real Node for Windows runs fsbridge, with
 * its kernel, under Wine; in the place of WinFsp's DLL is a stand-in (test/wine/stand-in) that plays
 * the driver and the programs. Then the image is checked by e2fsck and by this machine's own kernel.
 *
 * The same guest runs before that on Linux, with the stand-in as a shared library: a fault of both is
 * not Wine's. Ends with the line `N passed, N failed`; what cannot be run is skipped with the reason.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fsckVerdict } from '../test/support/fsck.ts';
import { isRoot } from '../test/support/native-mount.ts';
import type { Result } from '../test/wine/guest.ts';
import { compareTree } from '../test/wine/guest-tree.ts';
import { buildStandIn, canBuildStandIn } from '../test/wine/stand-in-build.ts';
import { makeWindowsApp } from '../test/wine/windows-app.ts';
import { Wine, whyNoWine, windowsPath } from '../test/wine/wine.ts';
import { installTestTools } from './kernel/requirements.ts';

const root: string = path.resolve(import.meta.dirname, '..');
const imageBytes = 256 * 1024 * 1024;
const guestMs = 300_000;
/** Four threads, ten requests a round and more: above 10,000. */
const scripts: readonly string[] = ['story', 'load:260', 'burst:50'];

let passed = 0;
let failed = 0;

function count(result: Result): void {
  passed += result.passed;
  failed += result.failed;
  const mark = result.failed > 0 ? 'FAILED' : result.passed > 0 ? 'ok' : '--';
  console.log(
    `  ${mark.padEnd(6)} ${result.name}${result.passed > 1 ? ` (${result.passed})` : ''}`,
  );
  for (const line of result.text.split('\n')) if (line !== '') console.log(`           ${line}`);
}

function expect(name: string, isRight: boolean, text = ''): void {
  count({ name, passed: isRight ? 1 : 0, failed: isRight ? 0 : 1, text: isRight ? '' : text });
}

/** What a guest printed; its end, by itself and in time, is a result too. */
function countGuest(status: number | undefined, stdout: string, stderr: string): void {
  for (const line of stdout.split('\n'))
    if (line.startsWith('{')) count(JSON.parse(line) as Result);
  const how = status === undefined ? 'its time was over' : `it ended with ${status}`;
  expect('the process ends by itself', status === 0, `${how}: ${stderr.slice(-2000)}`);
}

function makeImage(folder: string, name: string): string {
  const image = path.join(folder, name);
  fs.writeFileSync(image, '');
  fs.truncateSync(image, imageBytes);
  const { status } = spawnSync('mkfs.ext4', ['-q', image]);
  if (status !== 0) throw new Error('mkfs.ext4 made no image');
  return image;
}

/** The image as others see it. */
async function judge(image: string): Promise<void> {
  const verdict = await fsckVerdict(image, 'ext4');
  expect('e2fsck finds nothing', verdict.clean, verdict.output);
  if (!isRoot) {
    console.log('  --     the tree is not looked at: mounting needs root');
    return;
  }
  const { looked, wrong } = await compareTree(image, 'ext4');
  count({
    name: "the tree in this machine's kernel",
    passed: looked - wrong.length,
    failed: wrong.length,
    text: wrong.slice(0, 20).join('\n'),
  });
}

async function onLinux(folder: string): Promise<void> {
  console.log('On Linux, with the stand-in as a shared library:');
  if (!canBuildStandIn('linux')) {
    console.log('  --     skipped: gcc is not installed');
    return;
  }
  const library = buildStandIn('linux', folder);
  const image = makeImage(folder, 'linux.img');
  const guest = path.join(root, 'test/wine/guest.ts');
  const args = [guest, library, image, ...scripts];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: guestMs,
  });
  countGuest(status ?? undefined, stdout, stderr);
  await judge(image);
}

async function underWine(folder: string): Promise<void> {
  console.log('Under Wine, with Node for Windows:');
  const why = whyNoWine() ?? (canBuildStandIn('windows') ? undefined : 'mingw is not installed');
  if (why !== undefined) {
    console.log(`  --     skipped: ${why}`);
    return;
  }
  const appFolder = path.join(folder, 'app');
  fs.mkdirSync(appFolder);
  const app = makeWindowsApp(appFolder);
  if (app === undefined) {
    console.log('  --     skipped: npm gives no Node for Windows');
    return;
  }
  using wine = await Wine.create(folder);
  const image = makeImage(folder, 'wine.img');
  // Where WinFsp's own installer puts it.
  const install = path.join(wine.driveC, 'Program Files (x86)', 'WinFsp');
  const bin = path.join(install, 'bin');
  fs.mkdirSync(bin, { recursive: true });
  const library = buildStandIn('windows', bin);
  const guest = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    wine.run([windowsPath(app.node), windowsPath(app.guest), ...args], guestMs, environment);
  const refused = async (code: string, environment: Readonly<Record<string, string>>) => {
    const { stdout, stderr } = await guest(['refusal', windowsPath(image), code], environment);
    countGuest(stdout === '' ? 1 : 0, stdout, stderr);
  };
  await refused('ERR_WINFSP_MISSING', {});
  const folderText = 'C:\\Program Files (x86)\\WinFsp\\';
  const key = 'HKLM\\SOFTWARE\\WOW6432Node\\WinFsp';
  await wine.run(['reg', 'add', key, '/v', 'InstallDir', '/d', folderText, '/f'], guestMs);
  await refused('ERR_WINFSP_OLD', { STAND_IN_VERSION: '0x20001' });
  const { status, stdout, stderr } = await guest([
    `installed=${windowsPath(library)}`,
    windowsPath(image),
    ...scripts,
  ]);
  countGuest(status, stdout, stderr);
  await judge(image);
}

installTestTools();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-wine-'));
try {
  for (const part of [onLinux, underWine]) {
    await part(folder).catch((error: unknown) => {
      expect('the harness', false, error instanceof Error ? (error.stack ?? '') : String(error));
    });
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
