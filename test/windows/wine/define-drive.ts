/**
 * What a drive must do on every system: the guest (guest.ts) mounts an image through the stand-in
 * of WinFsp's DLL, and the image is judged afterwards by e2fsck and by the machine's own kernel.
 */
import { test } from 'vitest';
import { isRoot } from '../../support/native/native-mount.ts';
import { expectClean, expectMendedByJournal, expectTree, makeImage } from './drive-images.ts';
import { expectGuest, type GuestEnd } from './guest-results.ts';

/** Each script, with its rounds: more than 10,000 checks. */
const scripts: readonly string[] = ['story', 'load:260', 'burst:50'];
const exitStatus = 7;

/** The system that the guest runs on. */
export interface GuestSystem {
  /** "run", or "installed" where the guest finds the library as it finds WinFsp's own. */
  readonly mode: 'run' | 'installed';
  readonly library: string;
  /** A folder of this machine for images. */
  readonly folder: string;
  /** The name by which the guest knows a file of this machine. */
  nameOf(file: string): string;
  run(args: readonly string[]): Promise<GuestEnd>;
}

/** `open` is called within the tests: the system is there once the hooks have run. */
export function defineDrive(open: () => GuestSystem): void {
  const unseen = isRoot ? '' : ' (not seen by the machine’s own kernel, which needs root)';

  test(`programs work on a drive, and what they wrote is on the disk${unseen}`, async () => {
    const { mode, library, folder, nameOf, run } = open();
    const image = await makeImage(folder, `${mode}.img`);
    const end = await run([mode, nameOf(library), nameOf(image), ...scripts]);
    expectGuest(end, { minChecks: 10_000 });
    await expectClean(image);
    await expectTree(image);
  });

  test('a drive is unmounted while programs are at work', async () => {
    const { library, folder, nameOf, run } = open();
    const image = await makeImage(folder, 'pull.img');
    expectGuest(await run(['pull', nameOf(library), nameOf(image)]), { minChecks: 5 });
    await expectClean(image);
  });

  test('after a process that ended without an unmount, the journal mends the disk', async () => {
    const { library, folder, nameOf, run } = open();
    const image = await makeImage(folder, 'exit.img');
    const end = await run(['exit', nameOf(library), nameOf(image)]);
    expectGuest(end, { minChecks: 100, status: exitStatus });
    await expectMendedByJournal(image);
  });
}
