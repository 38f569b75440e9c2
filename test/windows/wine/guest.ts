/**
 * The program under test: it opens an image, mounts its file system through a stand-in of WinFsp's
 * DLL, lets the stand-in play its scripts, and unmounts. It runs under Node for Windows in Wine,
 * and under Node for Linux with the stand-in as a shared library.
 *
 *   node guest.ts run LIBRARY IMAGE SCRIPT[:ROUNDS]...
 *   node guest.ts installed LIBRARY IMAGE SCRIPT...   the library is found as WinFsp's own is
 *   node guest.ts refusal - IMAGE CODE                a mount is refused with that code
 *   node guest.ts exit LIBRARY IMAGE                  the process ends without an unmount, with 7
 *   node guest.ts pull LIBRARY IMAGE                  the drive is unmounted while programs run
 *   node guest.ts session LIBRARY IMAGE               Windows ends the session while it is mounted
 *
 * Each line of its output is JSON: a Result. The process must end by itself; the test checks that
 * too.
 */
import { setTimeout as wait } from 'node:timers/promises';
import koffi from 'koffi';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';
import type { Volume } from '../../../src/vfs-linux/volume.ts';
import { mountVolume } from '../../../src/volumes/mount-volume.ts';
import { OpenVolumes } from '../../../src/volumes/open-volumes.ts';
import { mountWinFsp } from '../../../src/winfsp/mount.ts';
import type { WinFspMount, WinFspMountOptions } from '../../../src/winfsp/mount-options.ts';
import { Tokens } from '../../../src/winfsp/native/tokens.ts';

/** The outcome of one check, or of a script's checks. */
export interface Result {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** A line for each failure; with no checks at all, information. */
  readonly text: string;
}

const [mode = '', library = '', image = '', ...words] = process.argv.slice(2);
const exitCode = 7;
const pullMs = 500;

function report(name: string, passed: number, failed: number, text = ''): void {
  process.stdout.write(`${JSON.stringify({ name, passed, failed, text } satisfies Result)}\n`);
}

/** Reports one check. */
function expect(name: string, isRight: boolean, text = ''): void {
  report(name, isRight ? 1 : 0, isRight ? 0 : 1, isRight ? '' : text);
}

type Run = {
  async: (script: string, rounds: number, done: (error: unknown, failed: number) => void) => void;
};

class StandIn {
  #dll = koffi.load(library);
  #run = this.#dll.func('StandInRun', 'int', ['str', 'uint']) as Run;
  #report = this.#dll.func('StandInReport', 'str', []) as () => string;

  number(name: string): number {
    return (this.#dll.func(name, 'int', []) as () => number)();
  }

  /** Plays a script; answers how many of its checks failed. */
  run(script: string, rounds: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#run.async(script, rounds, (error, answer) => {
        if (error) reject(error);
        else resolve(answer);
      });
    });
  }

  /** Plays a script on another thread, as a program is another process, and reports its checks. */
  async play(script: string, rounds: number): Promise<void> {
    const startedMs = performance.now();
    const failed = await this.run(script, rounds);
    const requests = this.number('StandInRequests');
    const us = (((performance.now() - startedMs) * 1000) / requests).toFixed(1);
    report(script, this.number('StandInPassed'), failed, this.#report());
    report(`${script} took`, 0, 0, `${requests} requests, ${us} µs each`);
  }
}

/** Mounts at every kind of mount point, with a little work on each. */
async function tryPlaces(standIn: StandIn, volume: Volume): Promise<void> {
  for (const place of ['\\\\fsbridge\\share', 'C:\\linux', '\\\\.\\L:', 'M:']) {
    const mount = await mountWinFsp(volume, place, { library });
    expect(`it is at ${place}`, mount.mountPoint === place, mount.mountPoint);
    await standIn.play('burst', 3);
    await mount.unmount();
  }
}

/** Unmounts while programs are at work: what was answered is on the disk, and nothing hangs. */
async function pull(standIn: StandIn, volume: Volume): Promise<void> {
  const mount = await mountWinFsp(volume, 'L:', { library });
  const playing = standIn.run('load', 100_000);
  // On a loaded machine the programs need a while until their first check.
  while (standIn.number('StandInPassed') === 0) await wait(pullMs / 10);
  await wait(pullMs);
  await mount.unmount();
  const startedMs = performance.now();
  // The programs get errors from now on, and end soon.
  await playing;
  expect('programs are not held up', performance.now() - startedMs < pullMs * 20);
  expect('they did something before', standIn.number('StandInPassed') > 0);
  expect('the protocol was kept', standIn.number('StandInFaults') === 0);
  expect('no file is left open', mount.statistics().openFiles === 0);
}

/** Sends a message to the window that waits for the end of the session, as Windows does. */
async function sendToWindow(message: number, wide: number, long: number): Promise<void> {
  const user32 = koffi.load('user32.dll');
  const find = user32.func('FindWindowW', 'uintptr_t', ['str16', 'void *']);
  const send = user32.func('SendMessageW', 'intptr_t', [
    'uintptr_t',
    'uint32',
    'uintptr_t',
    'intptr_t',
  ]);
  const window: unknown = find('fsbridge-session', null);
  expect('there is a window for the end of the session', Number(window) !== 0);
  await new Promise<void>((resolve) => {
    send.async(window, message, wide, long, () => resolve());
  });
}

async function expectRefusal(volume: Volume, place: string, code: string): Promise<void> {
  const options = mode === 'refusal' ? {} : { library };
  const error = await mountWinFsp(volume, place, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const found = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  expect(`${place} is refused with ${code}`, found === code, found);
}

/** Reads this process's token through Windows' functions, as if the driver had handed it over. */
async function tryTokens(): Promise<void> {
  if (process.platform !== 'win32') return;
  const tokens = await Tokens.load();
  const sid = tokens.ownUser() ?? '';
  expect('the mounting user has a SID', /^S-1-5-\d+(-\d+)*$/.test(sid), sid);
  const open = koffi
    .load('advapi32.dll')
    .func('OpenProcessToken', 'int32', ['intptr_t', 'uint32', 'void *']);
  const handle = new BigUint64Array(1);
  const [thisProcess, query] = [-1, 0x8];
  open(thisProcess, query, handle);
  const token = tokens.facts(Number(handle[0]), process.pid);
  expect("a request's token names the user", token?.userSid === sid, token?.userSid);
  const groups = token?.groups.map((group) => group.sid) ?? [];
  expect('its groups are known', groups.includes('S-1-1-0'), groups.join());
  const again = tokens.facts(Number(handle[0]), process.pid);
  expect('a token is read once', again !== undefined && again === token);
  report(`this process is ${tokens.isElevated() ? '' : 'not '}elevated`, 0, 0);
  expect('another handle is no token', tokens.facts(4, process.pid) === undefined);
}

async function useMount(standIn: StandIn, mount: WinFspMount): Promise<void> {
  expect('a drive letter', mount.mountPoint === 'Z:', mount.mountPoint);
  for (const text of words) {
    const [script = '', rounds = '1'] = text.split(':');
    await standIn.play(script, Number(rounds));
  }
  const { operations } = mount.statistics();
  expect('requests are counted', operations.length > 0);
  await Promise.all([mount.unmount(), mount.unmount()]);
  await mount.ended;
  expect('no request is left', mount.statistics().queue.inFlight === 0);
}

/**
 * At logoff the owner is informed, and the drive unmounted and written out, before Windows gets its
 * answer.
 */
async function endSession(standIn: StandIn, volume: Volume): Promise<void> {
  const events: string[] = [];
  const mount = await mountWinFsp(volume, '*', {
    library,
    onConsoleEvent: (event) => events.push(event),
  });
  await standIn.play('story', 1);
  const [powerBroadcast, suspend, endSessionMessage, logoff] = [0x218, 4, 0x16, 0x80000000];
  await sendToWindow(powerBroadcast, suspend, 0);
  const ended = sendToWindow(endSessionMessage, 1, logoff);
  await mount.ended;
  expect('the end of the session is reported', events.join() === 'logoff', events.join());
  // The owner unmounts the volume. The end of the process then lets Windows continue.
  await volume.close();
  ended.catch(() => {});
  report('the guest is done', 1, 0);
  process.exit(0);
}

async function runMode(volume: Volume): Promise<void> {
  if (mode === 'refusal') {
    await expectRefusal(volume, 'L:', words[0] ?? '');
    return;
  }
  const standIn = new StandIn();
  if (mode === 'exit') {
    await mountWinFsp(volume, 'L:', { library });
    await standIn.play('load', 20);
    process.exit(exitCode);
  }
  if (mode === 'session') await endSession(standIn, volume);
  if (mode === 'pull') {
    await pull(standIn, volume);
    return;
  }
  await expectRefusal(volume, 'C:', 'ERR_DRIVE_IN_USE');
  await expectRefusal(volume, '\\\\.\\c:', 'ERR_DRIVE_IN_USE');
  await expectRefusal(volume, 'nowhere', 'ERR_MOUNT_POINT');
  await tryTokens();
  await tryPlaces(standIn, volume);
  const options: WinFspMountOptions = {
    ...(mode === 'installed' ? {} : { library }),
    onLog: (line) => report(line, 0, 1, line),
  };
  await useMount(standIn, await mountWinFsp(volume, '*', options));
  expect('the protocol was kept', standIn.number('StandInFaults') === 0);
}

const kernel = await Kernel.boot();
const opened = await OpenVolumes.open(kernel, image, true);
const [entry] = opened.volumes;
if (entry === undefined) throw new Error('no volume');
const volume = await mountVolume(kernel, image, entry, { readOnly: false, members: [] });
await runMode(volume);
await volume.close();
await opened.close();
await kernel.close();
report('the guest is done', 1, 0);
