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
import { fsckVerdict } from '../test/support/images/fsck.ts';
import { isRoot } from '../test/support/native/native-mount.ts';
import type { Result } from '../test/windows/wine/guest.ts';
import { compareTree } from '../test/windows/wine/guest-tree.ts';
import { buildStandIn, canBuildStandIn } from '../test/windows/wine/stand-in-build.ts';
import { makeWindowsApp } from '../test/windows/wine/windows-app.ts';
import { Wine, whyNoWine, windowsPath } from '../test/windows/wine/wine.ts';
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

interface GuestEnd {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a guest printed; its end, by itself and in time, is a result too. */
function countGuest({ status, stdout, stderr }: GuestEnd, expectedStatus = 0): void {
  for (const line of stdout.split('\n'))
    if (line.startsWith('{')) count(JSON.parse(line) as Result);
  const how = status === undefined ? 'its time was over' : `it ended with ${status}`;
  const text = `${how}: ${stderr.slice(-2000)}`;
  expect('the process ends by itself', status === expectedStatus, text);
}

function makeImage(folder: string, name: string): string {
  const image = path.join(folder, name);
  fs.writeFileSync(image, '');
  fs.truncateSync(image, imageBytes);
  // The user of the drive is the Linux user 1000, and may write in a root of its own.
  const { status } = spawnSync('mkfs.ext4', ['-q', '-E', 'root_owner=1000:1000', image]);
  if (status !== 0) throw new Error('mkfs.ext4 made no image');
  return image;
}

async function judgeClean(image: string): Promise<void> {
  const verdict = await fsckVerdict(image, 'ext4');
  expect('e2fsck finds nothing', verdict.clean, verdict.output);
}

/** The image as others see it. */
async function judge(image: string): Promise<void> {
  await judgeClean(image);
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

/** A process that ended in the middle leaves what a power cut leaves: the journal mends it. */
function judgeJournal(image: string): void {
  const { status, stdout } = spawnSync('e2fsck', ['-p', image], { encoding: 'utf8' });
  expect('the journal mends it', status === 0 || status === 1, stdout);
  const again = spawnSync('e2fsck', ['-fn', image], { encoding: 'utf8' });
  expect('e2fsck finds nothing then', again.status === 0, again.stdout);
}

/** Runs the guest with these arguments. */
type RunGuest = (
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
) => GuestEnd | Promise<GuestEnd>;

/** What both systems are asked. `name` is the path that the guest knows a file by. */
async function tryGuest(
  guest: RunGuest,
  mode: string,
  library: string,
  folder: string,
  name: (file: string) => string,
): Promise<void> {
  const image = makeImage(folder, `${mode}.img`);
  countGuest(await guest([mode, name(library), name(image), ...scripts]));
  await judge(image);
  console.log('  -- an unmount while programs are at work:');
  const pulled = makeImage(folder, 'pull.img');
  countGuest(await guest(['pull', name(library), name(pulled)]));
  await judgeClean(pulled);
  console.log('  -- the process ends without an unmount:');
  const cut = makeImage(folder, 'exit.img');
  countGuest(await guest(['exit', name(library), name(cut)]), 7);
  judgeJournal(cut);
}

async function onLinux(folder: string): Promise<void> {
  console.log('On Linux, with the stand-in as a shared library:');
  if (!canBuildStandIn('linux')) {
    console.log('  --     skipped: gcc is not installed');
    return;
  }
  const library = buildStandIn('linux', folder);
  const program = path.join(root, 'test/windows/wine/guest.ts');
  const guest: RunGuest = (args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      encoding: 'utf8',
      timeout: guestMs,
    });
    return { status: status ?? undefined, stdout, stderr };
  };
  await tryGuest(guest, 'run', library, folder, (file) => file);
}

/** What stands before the mount: is WinFsp there, and is it new enough? */
async function tryInstallation(guest: RunGuest, wine: Wine, image: string): Promise<void> {
  const refused = async (
    code: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<void> => countGuest(await guest(['refusal', '-', image, code], environment));
  await refused('ERR_WINFSP_MISSING', {});
  const installed = 'C:\\Program Files (x86)\\WinFsp\\';
  const key = 'HKLM\\SOFTWARE\\WOW6432Node\\WinFsp';
  await wine.run(['reg', 'add', key, '/v', 'InstallDir', '/d', installed, '/f'], guestMs);
  await refused('ERR_WINFSP_OLD', { STAND_IN_VERSION: '0x20001' });
}

/** The command itself: it mounts, programs work, the drive is taken away, and it ends. */
async function tryCommand(
  wine: Wine,
  node: string,
  command: string,
  folder: string,
): Promise<void> {
  const image = makeImage(folder, 'command.img');
  const reportFile = path.join(folder, 'command.txt');
  const argv = [node, command, 'mount', windowsPath(image), 'L:', '--rw', '--foreground'];
  const { status, stdout, stderr } = await wine.run(argv, guestMs, {
    STAND_IN_PLAY: 'story',
    STAND_IN_REPORT: windowsPath(reportFile),
  });
  expect('the command mounts', /is mounted at L:/.test(stdout + stderr), stdout + stderr);
  const text = fs.existsSync(reportFile)
    ? fs.readFileSync(reportFile, 'utf8')
    : '0 passed, 1 failed';
  const [, passes = '0', failures = '1'] = /^(\d+) passed, (\d+) failed\n/.exec(text) ?? [];
  const rest = text.slice(text.indexOf('\n') + 1);
  count({ name: 'story', passed: Number(passes), failed: Number(failures), text: rest });
  expect('the command ends with its drive', status === 0, `${status}: ${stderr.slice(-2000)}`);
  await judgeClean(image);
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
  // Where WinFsp's own installer puts it.
  const bin = path.join(wine.driveC, 'Program Files (x86)', 'WinFsp', 'bin');
  fs.mkdirSync(bin, { recursive: true });
  const library = buildStandIn('windows', bin);
  const guest: RunGuest = (args, environment) =>
    wine.run([windowsPath(app.node), windowsPath(app.guest), ...args], guestMs, environment);
  await tryInstallation(guest, wine, windowsPath(makeImage(folder, 'refusal.img')));
  await tryGuest(guest, 'installed', library, folder, windowsPath);
  console.log('  -- fsbridge mount:');
  const command = path.join(appFolder, 'src/cli/main.ts');
  await tryCommand(wine, windowsPath(app.node), windowsPath(command), folder);
  console.log('  -- the session ends:');
  const image = makeImage(folder, 'session.img');
  countGuest(await guest(['session', windowsPath(library), windowsPath(image)]));
  await judgeClean(image);
}

installTestTools();
if (!fs.existsSync(path.join(root, 'build/fsbridge-kernel.wasm'))) {
  spawnSync(process.execPath, [path.join(root, 'scripts/kernel.ts')], { stdio: 'inherit' });
}
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-wine-'));
// Interrupted too, nothing stays; Wine ends itself.
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
for (const part of [onLinux, underWine]) {
  await part(folder).catch((error: unknown) => {
    expect('the harness', false, error instanceof Error ? (error.stack ?? '') : String(error));
  });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
