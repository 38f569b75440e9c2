/**
 * Volumes that do not tell case apart, and directories that hold names which only case tells apart.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FoldedNames } from '../../../../src/fsbridge/folded-names.ts';
import { DISPOSITION } from '../../../../src/fsbridge/nt.ts';
import { cannotMount } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';
import { type Client, freshClient } from '../../../support/windows/engine-client.ts';

const bytes = (name: string): Buffer => Buffer.from(name);

describe('the names of one directory', () => {
  test('the first by its bytes keeps its name, the others are numbered', () => {
    const names = new FoldedNames();
    for (const name of ['makefile', 'MakeFile', 'Makefile', 'other.txt', 'Other.TXT']) {
      names.add(name, bytes(name));
    }
    expect(names.shownAs('MakeFile', bytes('MakeFile'))).toBe('MakeFile');
    expect(names.shownAs('Makefile', bytes('Makefile'))).toBe('Makefile~2');
    expect(names.shownAs('makefile', bytes('makefile'))).toBe('makefile~3');
    expect(names.shownAs('other.txt', bytes('other.txt'))).toBe('other~2.txt');
    expect(names.find('MAKEFILE')?.linuxName.toString()).toBe('MakeFile');
    expect(names.find('MAKEFILE~3')?.linuxName.toString()).toBe('makefile');
  });

  test('a number that is somebody’s name is passed over, also one that comes later', () => {
    const names = new FoldedNames();
    for (const name of ['A', 'a']) names.add(name, bytes(name));
    expect(names.shownAs('a', bytes('a'))).toBe('a~2');
    names.add('a~2', bytes('a~2'));
    expect(names.shownAs('a', bytes('a'))).toBe('a~3');
    expect(names.find('A~2')?.linuxName.toString()).toBe('a~2');
    names.remove('A', bytes('A'));
    expect(names.shownAs('a', bytes('a'))).toBe('a');
    expect(names.find('a~3')).toBeUndefined();
  });
});

describeUnless(cannotMount())('a volume that does not tell case apart', () => {
  let win: Client;

  beforeAll(async () => {
    win = await freshClient({ caseSensitive: false });
  });
  afterAll(async () => {
    await win[Symbol.asyncDispose]();
    await win.fresh.close();
  });

  test('two programs that make a name in two cases at once make one file', async () => {
    const how = { createDisposition: DISPOSITION.OPEN_IF };
    const names = ['race', 'RACE', 'Race', 'rAcE'].map((name) => `\\${name}`);
    const answers = await Promise.all(names.map((name) => win.tryCreate(name, how)));
    expect(answers.sort()).toEqual(['SUCCESS 1', 'SUCCESS 1', 'SUCCESS 1', 'SUCCESS 2']);
    const made = (await win.list('\\')).filter((name) => /^race$/i.test(name));
    expect(made.length).toBe(1);
  });

  test('what Linux makes meanwhile is found by its own name', async () => {
    expect(await win.get('\\later')).toBe('OBJECT_NAME_NOT_FOUND');
    await win.linux.writeFile('/later', 'x');
    expect(await win.get('\\later')).toBe('x');
    expect(await win.get('\\LATER')).toBe('x');
  });
});

describeUnless(cannotMount('vfat'))('FAT, which has neither owners nor case', () => {
  test('is used at once: one file for all spellings, READONLY, no descriptors', async () => {
    await using win = await freshClient({ permissions: 'enforce' }, 'vfat');
    expect(win.engine.facts).toMatchObject({
      caseSensitive: false,
      casePreserved: true,
      securityDescriptors: false,
      reparsePoints: false,
      extendedAttributes: false,
      wslMetadata: false,
    });
    await win.put('\\File.txt', 'text');
    expect(await win.get('\\FILE.TXT')).toBe('text');
    expect(await win.renameByName('\\file.txt', '\\FILE.txt')).toBe('SUCCESS');
    expect(await win.list('\\')).toEqual(['FILE.txt']);
    const file = await win.make('\\read-only', { fileAttributes: 0x1 });
    await win.close(file);
    expect((await win.stat('\\READ-ONLY')).fileAttributes & 0x1).toBe(0x1);
    await win.fresh.kernel.close();
  });
});
