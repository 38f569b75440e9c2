/**
 * The program that is tested: opens an image, mounts its file system through a stand-in of WinFsp's
 * DLL, lets the stand-in play its scripts, and unmounts. It runs under Node for Windows in Wine, and
 * under Node for Linux with the stand-in as a shared library.
 *
 *   node guest.ts LIBRARY IMAGE SCRIPT[:ROUNDS]...
 *   node guest.ts installed=LIBRARY IMAGE SCRIPT...   finds the library as WinFsp's own is found
 *   node guest.ts refusal IMAGE CODE                  expects a mount to be refused with that code
 *
 * Each line that it prints is JSON: a Result. The process ends by itself, which is a part of the test.
 */
import koffi from 'koffi';
import { Kernel } from '../../src/vfs-linux/kernel.ts';
import { mountVolume } from '../../src/volumes/mount-volume.ts';
import { OpenVolumes } from '../../src/volumes/open-volumes.ts';
import { mountWinFsp } from '../../src/winfsp/mount.ts';
import type { WinFspMount, WinFspMountOptions } from '../../src/winfsp/mount-options.ts';
import { Tokens } from '../../src/winfsp/native/tokens.ts';

/** One thing that was tried. */
export interface Result {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** What failed, a line each; or what is worth knowing. */
  readonly text: string;
}

const [which = '', image = '', ...scripts] = process.argv.slice(2);
const installed = 'installed=';
const library: string = which.startsWith(installed) ? which.slice(installed.length) : which;
/** An installed one is not named. */
const isNamed = library === which && which !== 'refusal';
const mountOptions: WinFspMountOptions = isNamed ? { library } : {};

function report(name: string, passed: number, failed: number, text = ''): void {
  process.stdout.write(`${JSON.stringify({ name, passed, failed, text } satisfies Result)}\n`);
}

/** Something that must hold. */
function expect(name: string, isRight: boolean, text = ''): void {
  report(name, isRight ? 1 : 0, isRight ? 0 : 1, isRight ? '' : text);
}

interface StandIn {
  run: {
    async(script: string, rounds: number, done: (error: unknown, failed: number) => void): void;
  };
  number(name: string): number;
  report(): string;
}

function loadStandIn(): StandIn {
  const dll = koffi.load(library);
  const report = dll.func('StandInReport', 'str', []) as () => string;
  return {
    run: dll.func('StandInRun', 'int', ['str', 'uint']),
    number: (name) => (dll.func(name, 'int', []) as () => number)(),
    report,
  };
}

/** Plays a script on another thread, as a program is another process. */
function play(standIn: StandIn, script: string, rounds: number): Promise<number> {
  return new Promise((resolve, reject) => {
    standIn.run.async(script, rounds, (error: unknown, failed: number) => {
      if (error) reject(error);
      else resolve(failed);
    });
  });
}

async function playAll(standIn: StandIn): Promise<void> {
  for (const text of scripts) {
    const [script = '', rounds = '1'] = text.split(':');
    const startedMs = performance.now();
    const failed = await play(standIn, script, Number(rounds));
    const elapsedMs = performance.now() - startedMs;
    const requests = standIn.number('StandInRequests');
    const us = ((elapsedMs * 1000) / requests).toFixed(1);
    report(script, standIn.number('StandInPassed'), failed, standIn.report());
    report(`${script} took`, 0, 0, `${requests} requests, ${us} µs each`);
  }
}

async function useMount(standIn: StandIn, mount: WinFspMount): Promise<void> {
  expect('a drive letter', mount.mountPoint === 'Z:', mount.mountPoint);
  await playAll(standIn);
  const { operations } = mount.statistics();
  expect('requests are counted', operations.length > 0);
  const change = { fileName: '\\folder', filter: 0x1, action: 3 };
  await mount.notify(Array.from({ length: 2000 }, () => change));
  const notified = standIn.number('StandInNotified');
  expect('changes are announced', notified === 2000, String(notified));
  await Promise.all([mount.unmount(), mount.unmount()]);
  await mount.ended;
  expect('no request is left', mount.statistics().queue.inFlight === 0);
}

/** What goes wrong is told in the terms of fsbridge, and leaves nothing behind. */
async function expectRefusal(place: string, code: string): Promise<void> {
  const error = await mountWinFsp(volume, place, mountOptions).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const found = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  expect(`${place} is refused with ${code}`, found === code, found);
}

/** The token functions of Windows, on this process's own. */
async function tryTokens(): Promise<void> {
  if (process.platform !== 'win32') return;
  const sid = (await Tokens.load()).ownUser() ?? '';
  expect('the mounting user has a SID', /^S-1-5-\d+(-\d+)*$/.test(sid), sid);
}

const kernel = await Kernel.boot();
const opened = await OpenVolumes.open(kernel, image, true);
const [entry] = opened.volumes;
if (entry === undefined) throw new Error('no volume');
const volume = await mountVolume(kernel, image, entry, { readOnly: false, members: [] });
if (which === 'refusal') {
  await expectRefusal('L:', scripts[0] ?? '');
} else {
  const standIn = loadStandIn();
  await expectRefusal('C:', 'ERR_DRIVE_IN_USE');
  await expectRefusal('nowhere', 'ERR_MOUNT_POINT');
  await tryTokens();
  const onLog = (line: string): void => report(line, 0, 1, line);
  await useMount(standIn, await mountWinFsp(volume, '*', { ...mountOptions, onLog }));
  expect('the protocol was kept', standIn.number('StandInFaults') === 0);
}
await volume.close();
await opened.close();
await kernel.close();
report('the guest is done', 1, 0);
