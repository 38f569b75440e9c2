/**
 * Many programs at once on few names. Each call's answer depends on the other programs. But every
 * answer is one of the call's possible answers, nothing hangs, and in the end Windows and Linux
 * agree on the tree.
 */
import assert from 'node:assert/strict';
import { Random, testSeed } from '../../../support/random.ts';
import type { Case, Scene } from '../case.ts';
import { access, attribute, disposition, option, status, statusName } from '../driver/nt.ts';

const programs = 12;
const stepsEach = 150;
const names = ['a', 'b', 'c', 'Thumbs.db'];

/** The possible answers of a call on a name while other programs change the name. */
const possible: ReadonlySet<number> = new Set([
  status.SUCCESS,
  status.OBJECT_NAME_NOT_FOUND,
  status.OBJECT_PATH_NOT_FOUND,
  status.NOT_A_DIRECTORY,
  status.OBJECT_NAME_COLLISION,
  status.FILE_IS_A_DIRECTORY,
  status.ACCESS_DENIED,
  status.SHARING_VIOLATION,
  status.DIRECTORY_NOT_EMPTY,
  status.DELETE_PENDING,
  status.FILE_DELETED,
  // A directory was moved into itself: Linux's EINVAL.
  status.INVALID_PARAMETER,
]);

async function step(scene: Scene, random: Random, ignoresCase: boolean): Promise<string> {
  const { win } = scene;
  const path = (): string => {
    const depth = random.between(1, 2);
    const parts = Array.from({ length: depth }, () => {
      const name = random.pick(names);
      return ignoresCase && random.chance(0.4) ? name.toUpperCase() : name;
    });
    return scene.path(parts.join('\\'));
  };
  const kind = random.below(6);
  const target = path();
  let what = '';
  let answer = 0;
  if (kind === 0) {
    what = `mkdir ${target}`;
    const options = option.DIRECTORY_FILE;
    answer = await win.tryOpen(target, { disposition: disposition.CREATE, options });
  } else if (kind === 1) {
    const to = path();
    what = `rename ${target} ${to}`;
    answer = await win.move(target, to, random.below(4), true);
  } else if (kind === 2) {
    what = `remove ${target}`;
    answer = await win.remove(target);
  } else {
    what = `write ${target}`;
    const opened = await win.open(target, {
      access: access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE,
      disposition: random.pick([disposition.OPEN, disposition.OPEN_IF, disposition.OVERWRITE_IF]),
      options: option.NON_DIRECTORY_FILE,
    });
    answer = opened.status;
    const { handle } = opened;
    if (handle !== undefined) {
      const byte = random.below(256);
      const written = await handle.write(0, Buffer.alloc(3000, byte));
      // The driver knows files by name: it may take the file for a directory of the same name.
      if (written.status !== status.INVALID_DEVICE_REQUEST) {
        assert.equal(statusName(written.status), 'SUCCESS', what);
        const { data } = await handle.read(0, 3000);
        assert.ok(
          data.every((one) => one === data[0]),
          `${what}: a read is of one write`,
        );
      }
      await handle.close();
    }
  }
  const said = `${what} -> ${statusName(answer)}`;
  assert.ok(possible.has(answer), said);
  return said;
}

/** Windows lists and finds exactly what Linux has. */
async function compare(scene: Scene): Promise<void> {
  const { win, linux, driver } = scene;
  driver.advance(60_000);
  const look = async (path: string, linuxPath: string): Promise<void> => {
    const there = await linux.readdir(linuxPath);
    assert.deepEqual((await win.list(path)).sort(), there.sort(), path);
    for (const name of names) {
      const answer = await win.tryOpen(`${path}\\${name}`, { access: access.READ_ATTRIBUTES });
      if (answer === status.SUCCESS) continue;
      assert.ok(!there.includes(name), `${path}\\${name}: ${statusName(answer)}`);
    }
    for (const name of there) {
      const { fileAttributes } = await win.stat(`${path}\\${name}`);
      const isDirectory = (fileAttributes & attribute.DIRECTORY) !== 0;
      const stats = await linux.stat(`${linuxPath}/${name}`);
      assert.equal(isDirectory, stats.isDirectory(), `${path}\\${name} is a directory`);
      if (isDirectory) await look(`${path}\\${name}`, `${linuxPath}/${name}`);
    }
  };
  await look(scene.dir, scene.linuxDir);
}

async function crowd(scene: Scene, seed: number, ignoresCase: boolean): Promise<void> {
  const log: string[] = [];
  try {
    await Promise.all(
      Array.from({ length: programs }, async (_, index) => {
        const random = new Random(seed * 100 + index);
        for (let at = 0; at < stepsEach; at++) {
          log.push(`${index}: ${await step(scene, random, ignoresCase)}`);
          if (log.length > 30) log.shift();
        }
      }),
    );
    await scene.driver.settle();
    await compare(scene);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`SEED=${seed}: ${text}\n${log.join('\n')}`, { cause: error });
  }
}

const rule = 'requests of many programs, in any order';

export const randomCrowd: readonly Case[] = [0, 1].flatMap((number): Case[] => [
  {
    name: `${programs} programs at once on few names, number ${number + 1}`,
    rule,
    run: (scene) => crowd(scene, testSeed() + number, false),
  },
  {
    name: `case-insensitive: ${programs} programs at once on few names, number ${number + 1}`,
    rule,
    on: 'insensitive',
    run: (scene) => crowd(scene, testSeed() + number, true),
  },
]);
