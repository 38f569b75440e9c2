/**
 * Random operations on files of the mount, several processes at once, compared to the byte with a
 * model (test/host/programs/fsx.ts), while the host's caches are emptied; then the file system's
 * checker.
 *
 * SEED=number repeats a run, FS=regex takes some file systems, SOAK=number multiplies the
 * operations, MOUNTER=native proves the program on this machine's own kernel.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fuseTypes, noFuse, onMount, otherMounter, soak } from '../../support/native/fuse-scene.ts';
import { describeUnless, testUnless } from '../../support/needs.ts';
import { testSeed } from '../../support/random.ts';
import { run } from '../../support/run-program.ts';

/** An exit code as a shell has it: 128 and the signal's number. */
const diedOfSegv = 139;

/** Whether the program died of a fault of its own: the mount's errors are SIGBUS or a message. */
class ProgramDied extends Error {}

const seed = testSeed();
const program = fileURLToPath(new URL('../programs/fsx.ts', import.meta.url));

async function fsx(file: string, options: readonly string[]): Promise<void> {
  const result = await run([process.execPath, program, file, ...options]);
  if (result.status === diedOfSegv) throw new ProgramDied(options.join(' '));
  expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
}

/** Empties the host's caches of clean pages, names and inodes again and again, until stopped. */
async function emptyCaches(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    await sleep(700, undefined, { signal }).catch(() => undefined);
  }
}

/** Six processes at once: three with files of their own, three with stripes of one file. */
async function exercise(at: string): Promise<void> {
  const stop = new AbortController();
  const emptying = emptyCaches(stop.signal);
  const alone = (index: number): Promise<void> =>
    fsx(join(at, `alone-${index}`), [`--seed=${seed + index}`, `--ops=${3000 * soak}`]);
  const small = fsx(join(at, 'small'), [
    ...[`--seed=${seed}`, `--ops=${3000 * soak}`, '--max-bytes=9000'],
  ]);
  // Without holes: Linux's FUSE writes a page out, sends the hole, and clears the page's part
  // (fs/fuse/file.c, fuse_file_fallocate); in between another process's mapping may cause a new
  // write.
  const shared = (index: number): Promise<void> =>
    fsx(join(at, 'shared'), [
      ...[`--stripe=${index}/3`, `--seed=${seed + index}`, `--ops=${1500 * soak}`, '--no=punch'],
    ]);
  const all = [alone(0), alone(1), small, shared(0), shared(1), shared(2)];
  const ends = await Promise.allSettled(all);
  stop.abort();
  await emptying;
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/**
 * Runs everything; once more, on other files, where a program itself died (seen once in many runs).
 */
async function exerciseWhole(at: string): Promise<void> {
  try {
    await exercise(at);
  } catch (error) {
    if (!(error instanceof ProgramDied)) throw error;
    console.log(`fsx ${error.message}: SIGSEGV of the program itself; all of it runs again`);
    mkdirSync(join(at, 'again'));
    await exercise(join(at, 'again'));
  }
}

describeUnless(noFuse)(`what is written is what is read, with SEED=${seed}, on`, () => {
  for (const type of fuseTypes) {
    test(type, () => onMount(type, ({ at }) => exerciseWhole(at)));
    testUnless(otherMounter)(`${type}, where the host gathers what is written`, () =>
      onMount(type, ({ at }) => exerciseWhole(at), { writeback: true }),
    );
  }
});
