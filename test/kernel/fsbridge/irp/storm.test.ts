/**
 * Many requests at once on few names: whatever their order turns out to be, each answer is one that
 * some order gives, no file is mixed up with another, and nothing stays open.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileObject } from '../../../../src/fsbridge/file-object.ts';
import { DISPOSITION, OPTION } from '../../../../src/fsbridge/nt.ts';
import { cannotMount, type FreshType } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';
import { Random, testSeed } from '../../../support/random.ts';
import { type Client, freshClient } from '../../../support/windows/engine-client.ts';

const seed = testSeed();

describe.each<[FreshType, boolean]>([
  ['ext4', true],
  ['ext4', false],
  ['xfs', true],
])('a storm of requests on %s, case sensitive: %s', (type, caseSensitive) => {
  describeUnless(cannotMount(type))(`with seed ${seed}`, () => {
    let win: Client;

    beforeAll(async () => {
      win = await freshClient({ caseSensitive }, type);
      for (const name of ['a', 'b', 'c']) await win.makeDirectory(`\\${name}`);
    });
    afterAll(async () => {
      await win[Symbol.asyncDispose]();
      await win.fresh.close();
    });

    test('files keep their content whatever becomes of their names', async () => {
      const random = new Random(seed);
      const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
      const path = (): string => `\\${pick(['a', 'b', 'c'])}\\${pick(['1', '2', 'x', 'X', 'y'])}`;
      const wrong: string[] = [];
      let made = 0;

      /** A file whose content is its own number stays that as long as it is open. */
      const liveWith = async (file: FileObject, content: string): Promise<void> => {
        for (let step = 0; step < 4; step++) {
          const text = await win.read(file);
          if (text !== content) wrong.push(`${content} reads ${text}`);
          if (random.below(3) === 0) await win.rename(file, path(), pick([0, 1]));
        }
        await win.close(file, random.below(2) === 0);
      };

      const worker = async (): Promise<void> => {
        for (let round = 0; round < 60; round++) {
          const name = path();
          const [status, irp] = await win.create(name, {
            createDisposition: pick([DISPOSITION.CREATE, DISPOSITION.OPEN, DISPOSITION.OPEN_IF]),
          });
          const file = irp.fileObject;
          if (file === undefined) {
            if (!/^OBJECT_NAME_(NOT_FOUND|COLLISION)$/.test(status))
              wrong.push(`${name}: ${status}`);
          } else if (irp.information === 2) {
            const content = `file ${made++}`;
            await win.write(file, content);
            await liveWith(file, content);
          } else {
            const text = await win.read(file);
            if (text !== 'END_OF_FILE') await liveWith(file, text);
            else await win.close(file);
          }
        }
      };
      await Promise.all(Array.from({ length: 24 }, worker));
      expect(wrong).toEqual([]);
      expect(made).toBeGreaterThan(50);
      expect(win.engine.fileObjects.size).toBe(0);
      // What stays open are the directories that are kept for the next path.
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(win.fresh.volume.calls.opened.size).toBeLessThan(20);
    });

    test('directories that move about lose nothing', async () => {
      const random = new Random(seed + 1);
      for (let i = 0; i < 6; i++) {
        await win.makeDirectory(`\\a\\d${i}`);
        await win.put(`\\a\\d${i}\\file`, `${i}`);
      }
      const places = ['a', 'b', 'c', 'a\\d0', 'b\\d1', 'c\\d2'];
      const place = (): string => `\\${places[random.below(places.length)]}`;
      const unexpected = new Set<string>();
      const mover = async (): Promise<void> => {
        for (let round = 0; round < 60; round++) {
          const name = `d${random.below(6)}`;
          const [status, irp] = await win.create(`${place()}\\${name}`, {
            createOptions: OPTION.DIRECTORY_FILE,
          });
          if (irp.fileObject === undefined) {
            if (!/NOT_FOUND$/.test(status)) unexpected.add(status);
            continue;
          }
          const moved = await win.rename(irp.fileObject, `${place()}\\${name}`);
          if (!/^(SUCCESS|INVALID_PARAMETER|OBJECT_.*)$/.test(moved)) unexpected.add(moved);
          await win.close(irp.fileObject);
        }
      };
      await Promise.all(Array.from({ length: 8 }, mover));
      expect([...unexpected]).toEqual([]);
      const found: string[] = [];
      const look = async (folder: string): Promise<void> => {
        for (const name of await win.list(folder === '' ? '\\' : folder)) {
          if (/^d\d$/.test(name) || /^[abc]$/.test(name)) await look(`${folder}\\${name}`);
          else if (name === 'file') found.push(await win.get(`${folder}\\${name}`));
        }
      };
      await look('');
      expect(found.sort()).toEqual(['0', '1', '2', '3', '4', '5']);
      expect(win.engine.fileObjects.size).toBe(0);
    });
  });
});
