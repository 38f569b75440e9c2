/**
 * The mount's process is killed while SQLite commits. What SQLite took to be on the disk is
 * there when the image is mounted again, the database is whole, and the file system's checker finds
 * nothing wrong.
 *
 * SEED=number repeats a run, CUTS=number makes it longer.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  emptyImage,
  expectClean,
  type FuseType,
  fuseTypes,
  mountImage,
  noFuse,
  otherMounter,
  soak,
  withScratch,
} from '../../support/native/fuse-scene.ts';
import { describeUnless } from '../../support/needs.ts';
import { Random, testSeed } from '../../support/random.ts';
import { mustRun } from '../../support/run-program.ts';

const seed = testSeed();
const cuts = Number(process.env['CUTS'] ?? 4 * soak);
const program = fileURLToPath(new URL('../programs/sqlite-commits.ts', import.meta.url));

/** Reads a child's output. Returns the last whole line when the child ends. */
async function lastLine(child: ChildProcess): Promise<string> {
  let output = '';
  child.stdout?.on('data', (data: Buffer) => {
    output += data.toString();
  });
  await new Promise((resolve) => child.on('close', resolve));
  return output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1) ?? '';
}

/** Commits until the plug is pulled. Returns the last transaction that was reported. */
async function commitAndCut(
  image: string,
  type: FuseType,
  folder: string,
  random: Random,
): Promise<number> {
  const mount = await mountImage(image, type, folder);
  const mode = random.pick(['wal', 'delete']);
  const child = spawn(process.execPath, [program, join(folder, 'database'), mode], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const promised = lastLine(child);
  await sleep(random.between(400, 1200));
  await mount.kill();
  // The program may wait for an answer that will not come.
  child.kill('SIGKILL');
  return Number(await promised);
}

async function judge(image: string, type: FuseType, folder: string): Promise<number> {
  const mount = await mountImage(image, type, folder);
  try {
    const argv = [process.execPath, program, join(folder, 'database'), 'judge'];
    return Number((await mustRun(argv)).stdout.toString());
  } finally {
    await mount.unmount();
  }
}

describeUnless(noFuse ?? otherMounter)(
  `no transaction is lost when the mount is killed, with SEED=${seed}, on`,
  () => {
    for (const type of fuseTypes) {
      test(type, () =>
        withScratch(async (scratch) => {
          const random = new Random(seed);
          const image = await emptyImage(join(scratch, 'image'), type);
          const folder = join(scratch, 'mount');
          let all = 0;
          for (let cut = 1; cut <= cuts; cut++) {
            const promised = await commitAndCut(image, type, folder, random);
            const there = await judge(image, type, folder);
            expect(there, `cut ${cut}`).toBeGreaterThanOrEqual(promised);
            await expectClean(image, type);
            all = Math.max(all, promised);
          }
          expect(all).toBeGreaterThan(10);
          console.log(`${type}: ${cuts} cuts, ${all} transactions kept`);
        }),
      );
    }
  },
);
