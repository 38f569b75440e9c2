/** Directories: pieces, patterns, restarts, single entries, and changes while they are listed. */
import { type Case, expectEqual, expectStatus, expectTrue, type Scene } from '../case.ts';
import { win32Pattern } from '../driver/name-rules.ts';
import { access, attribute, option, status } from '../driver/nt.ts';
import { expectSuccess, type Handle } from '../driver/program.ts';

const rule = 'MS-FSA 2.1.5.6.3 Directory Information Queries';

function openDirectory({ win }: Scene, path: string): Promise<Handle> {
  return win.mustOpen(path, {
    access: access.READ_DATA | access.SYNCHRONIZE,
    options: option.DIRECTORY_FILE,
  });
}

async function fill(
  { linux, linuxPath }: Scene,
  count: number,
  prefix = 'file-',
): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  for (const name of names) await linux.writeFile(linuxPath(name), '');
  return names.sort();
}

const withoutDots = (names: readonly string[]): string[] =>
  names.filter((name) => name !== '.' && name !== '..');

/** Win32's pattern, and the names that it matches. */
const patterns: readonly (readonly [string, readonly string[]])[] = [
  ['*', ['a.txt', 'ab.txt', 'b.TXT', 'c', 'd.tar.gz']],
  ['*.*', ['a.txt', 'ab.txt', 'b.TXT', 'c', 'd.tar.gz']],
  ['*.txt', ['a.txt', 'ab.txt']],
  ['?.txt', ['a.txt']],
  ['??.txt', ['a.txt', 'ab.txt']],
  ['a*', ['a.txt', 'ab.txt']],
  ['*.gz', ['d.tar.gz']],
  ['*.', ['c']],
  ['c', ['c']],
  ['x*', []],
];

const patternTable: Case[] = patterns.map(
  ([pattern, expected]): Case => ({
    name: `the pattern ${pattern} finds ${expected.join(' ') || 'nothing'}`,
    rule: 'FsRtlIsNameInExpression, FindFirstFile',
    async run(scene) {
      for (const name of ['a.txt', 'ab.txt', 'b.TXT', 'c', 'd.tar.gz']) {
        await scene.linux.writeFile(scene.linuxPath(name), '');
      }
      const names = await scene.win.list(scene.dir, win32Pattern(pattern));
      expectEqual(names.sort(), [...expected], 'the names');
    },
  }),
);

const sizes = [0, 1, 10, 1000, 5000];
const sizeTable: Case[] = sizes.map(
  (count): Case => ({
    name: `a directory of ${count} files is listed whole, in pieces of 4 KiB and of 64 KiB`,
    rule,
    async run(scene) {
      const names = await fill(scene, count);
      expectEqual((await scene.win.list(scene.dir, '*', 4096)).sort(), names, 'in 4 KiB');
      expectEqual((await scene.win.list(scene.dir, '*', 65536)).sort(), names, 'in 64 KiB');
    },
  }),
);

export const listing: readonly Case[] = [
  ...patternTable,
  ...sizeTable,
  {
    name: 'a directory begins with . and .., the root does not have them',
    rule,
    async run(scene) {
      await fill(scene, 3);
      const entries = await scene.win.listEntries(scene.dir);
      expectEqual(
        entries.slice(0, 2).map(({ name }) => name),
        ['.', '..'],
        'the first two',
      );
      const root = await scene.win.listEntries('\\');
      expectEqual(root.filter(({ name }) => /^\.{1,2}$/.test(name)).length, 0, 'in the root');
    },
  },
  {
    name: '. and .. are the directory and its parent',
    rule,
    async run(scene) {
      const { win, linux, dir, linuxDir } = scene;
      const [dot, dots] = await win.listEntries(dir);
      expectEqual(dot?.info.indexNumber, BigInt((await linux.stat(linuxDir)).ino), '.');
      expectEqual(dots?.info.indexNumber, BigInt((await linux.stat('/')).ino), '..');
      expectTrue(((dot?.info.fileAttributes ?? 0) & attribute.DIRECTORY) !== 0, 'a directory');
    },
  },
  {
    name: 'an entry has the same information as its file',
    rule: 'MS-FSCC 2.4.17 FileIdBothDirectoryInformation',
    async run(scene) {
      const { win, linux, dir, path, linuxPath } = scene;
      await linux.writeFile(linuxPath('a'), 'twelve bytes');
      await linux.mkdir(linuxPath('d'));
      await linux.symlink('a', linuxPath('link'));
      await linux.mknod(linuxPath('fifo'), 'fifo');
      await linux.setxattr(linuxPath('a'), 'user.note', 'x');
      await win.makeFile(path('hidden'), '', { attributes: attribute.HIDDEN });
      const entries = await win.listEntries(dir);
      for (const name of ['a', 'd', 'link', 'fifo', 'hidden']) {
        const entry = entries.find((one) => one.name === name);
        expectEqual(entry?.info, await win.stat(path(name)), name);
      }
    },
  },
  {
    name: 'a listing stays as it was at its start while files come and go',
    rule: 'MS-FSA 2.1.5.6.3: each entry once; a file that stays is listed',
    async run(scene) {
      const { win, dir, path } = scene;
      const names = await fill(scene, 500);
      const handle = await openDirectory(scene, dir);
      const seen: string[] = [];
      for (let round = 0; ; round++) {
        const answer = await handle.list({ pattern: '*', lengthBytes: 2048 });
        if (answer.status === status.NO_MORE_FILES) break;
        expectSuccess(answer.status, 'list');
        seen.push(...answer.entries.map(({ name }) => name));
        const victim = `file-${round * 3 + 1}`;
        if (names.includes(victim)) await win.remove(path(victim));
        await win.makeFile(path(`new-${round}`));
      }
      await handle.close();
      const listed = withoutDots(seen);
      expectEqual(new Set(listed).size, listed.length, 'no name twice');
      const stayed = names.filter(
        (name) => !/^file-(\d+)$/.test(name) || Number(name.slice(5)) % 3 !== 1,
      );
      const missing = stayed.filter((name) => !listed.includes(name));
      expectEqual(missing, [], 'what stayed and was not listed');
    },
  },
  {
    name: 'a restart lists from the beginning, with new files',
    rule: 'MS-FSA 2.1.5.6.3: RestartScan',
    async run(scene) {
      await fill(scene, 3);
      const handle = await openDirectory(scene, scene.dir);
      const first = await handle.listAll();
      await scene.win.makeFile(scene.path('new'));
      const second = await handle.listAll();
      expectEqual(second.length, first.length + 1, 'entries');
      expectTrue(
        second.some(({ name }) => name === 'new'),
        'the new one',
      );
      await handle.close();
    },
  },
  {
    name: 'a new file is seen by a listing right away, though the driver kept the last one',
    rule: 'WinFsp: a change of an entry drops the kept listing',
    async run(scene) {
      const { win, dir, path } = scene;
      await fill(scene, 3);
      expectEqual((await win.list(dir)).length, 3, 'before');
      await win.makeFile(path('new'));
      expectEqual((await win.list(dir)).length, 4, 'after a create');
      await win.remove(path('new'));
      expectEqual((await win.list(dir)).length, 3, 'after a delete');
    },
  },
  {
    name: 'entries are listed one at a time',
    rule: 'MS-FSA 2.1.5.6.3: ReturnSingleEntry',
    async run(scene) {
      const names = await fill(scene, 20);
      const handle = await openDirectory(scene, scene.dir);
      const seen: string[] = [];
      for (;;) {
        const answer = await handle.list({ pattern: '*', single: true });
        if (answer.status === status.NO_MORE_FILES) break;
        expectEqual(answer.entries.length, 1, 'entries');
        seen.push(...answer.entries.map(({ name }) => name));
      }
      expectEqual(withoutDots(seen).sort(), names, 'the names');
      await handle.close();
    },
  },
  {
    name: 'entries are listed through a buffer for one entry',
    rule,
    async run(scene) {
      const names = await fill(scene, 30);
      const names2 = await scene.win.list(scene.dir, '*', 120);
      expectEqual(names2.sort(), names, 'the names');
    },
  },
  {
    name: 'a single existing name is one entry, and then there are no more',
    rule: 'MS-FSA 2.1.5.6.3: FileNamePattern without wildcards',
    async run(scene) {
      await fill(scene, 100);
      await scene.linux.writeFile(scene.linuxPath('file-50'), 'content');
      const handle = await openDirectory(scene, scene.dir);
      const answer = await handle.list({ pattern: 'file-50' });
      expectEqual(
        answer.entries.map(({ name, info }) => [name, info.fileSize]),
        [['file-50', 7]],
        'the entry',
      );
      expectStatus((await handle.list()).status, status.NO_MORE_FILES);
      await handle.close();
    },
  },
  {
    name: 'a single missing name is NO_SUCH_FILE',
    rule: 'MS-FSA 2.1.5.6.3: the first query finds nothing',
    async run(scene) {
      await fill(scene, 10);
      const handle = await openDirectory(scene, scene.dir);
      expectStatus((await handle.list({ pattern: 'missing' })).status, status.NO_SUCH_FILE);
      await handle.close();
    },
  },
  {
    name: 'a single name with reserved characters is found',
    rule: 'names that Windows cannot have are listed under others',
    async run(scene) {
      await scene.linux.writeFile(scene.linuxPath('a:b'), '');
      expectEqual(await scene.win.list(scene.dir, 'a\uf03ab'), ['a\uf03ab'], 'the names');
    },
  },
  {
    name: 'two handles list the same directory, each at its own place',
    rule,
    async run(scene) {
      await fill(scene, 50);
      const first = await openDirectory(scene, scene.dir);
      const second = await openDirectory(scene, scene.dir);
      const one = await first.list({ pattern: '*', lengthBytes: 1024 });
      const two = await second.list({ pattern: '*', lengthBytes: 1024 });
      expectEqual(one.entries, two.entries, 'the first piece of both');
      const onward = await first.list({ lengthBytes: 1024 });
      expectTrue(onward.entries[0]?.name !== one.entries[0]?.name, 'the first handle continues');
      await first.close();
      await second.close();
    },
  },
  {
    name: 'listing a file is refused',
    rule: 'MS-FSA 2.1.5.6.3: not a directory',
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'));
      expectStatus((await handle.list()).status, status.INVALID_PARAMETER);
      await handle.close();
    },
  },
  {
    name: 'listing without LIST_DIRECTORY is refused',
    rule: 'MS-FSA 2.1.5.6.3: FILE_LIST_DIRECTORY',
    async run({ win, dir }) {
      const handle = await win.mustOpen(dir, { access: access.READ_ATTRIBUTES });
      expectStatus((await handle.list()).status, status.ACCESS_DENIED);
      await handle.close();
    },
  },
  {
    name: 'names of 255 units are listed in every size of buffer',
    rule,
    async run(scene) {
      const names = ['a', 'b', 'c'].map((letter) => letter.repeat(255));
      for (const name of names) await scene.linux.writeFile(scene.linuxPath(name), '');
      for (const lengthBytes of [620, 1024, 4096]) {
        const listed = await scene.win.list(scene.dir, '*', lengthBytes);
        expectEqual(listed.sort(), names, `in ${lengthBytes}`);
      }
    },
  },
  {
    name: 'the listing of a directory continues after the directory was renamed',
    rule: 'an open file never turns into another',
    async run(scene) {
      const { win, linux, path, linuxPath } = scene;
      await linux.mkdir(linuxPath('d'));
      await linux.chown(linuxPath('d'), 1000, 1000);
      for (let i = 0; i < 100; i++) await linux.writeFile(linuxPath(`d/${i}`), '');
      const handle = await win.mustOpen(path('d'), {
        access: access.READ_DATA | access.DELETE,
        options: option.DIRECTORY_FILE,
      });
      const first = await handle.list({ pattern: '*', lengthBytes: 1024 });
      expectSuccess(await handle.rename(path('e')), 'rename');
      let count = first.entries.length;
      for (;;) {
        const answer = await handle.list({ lengthBytes: 4096 });
        if (answer.status === status.NO_MORE_FILES) break;
        expectSuccess(answer.status, 'list');
        count += answer.entries.length;
      }
      expectEqual(count, 102, 'entries');
      await handle.close();
    },
  },
  {
    name: 'every kind of Linux file is listed with its attributes and tag',
    rule: 'MS-FSCC 2.6 File Attributes, 2.1.2.1 Reparse Tags',
    async run(scene) {
      const { linux, linuxPath } = scene;
      await linux.writeFile(linuxPath('file'), '');
      await linux.mkdir(linuxPath('dir'));
      await linux.symlink('file', linuxPath('link'));
      await linux.mknod(linuxPath('fifo'), 'fifo');
      await linux.mknod(linuxPath('socket'), 'socket');
      await linux.mknod(linuxPath('chr'), 'character-device', { major: 1, minor: 3 });
      await linux.mknod(linuxPath('blk'), 'block-device', { major: 7, minor: 0 });
      const entries = await scene.win.listEntries(scene.dir);
      const tags = new Map(entries.map(({ name, info }) => [name, info.reparseTag]));
      expectEqual(tags.get('file'), 0, 'file');
      expectEqual(tags.get('dir'), 0, 'dir');
      expectEqual(tags.get('link'), 0xa000000c, 'link');
      expectEqual(tags.get('fifo'), 0x80000024, 'fifo');
      expectEqual(tags.get('socket'), 0x80000023, 'socket');
      expectEqual(tags.get('chr'), 0x80000025, 'chr');
      expectEqual(tags.get('blk'), 0x80000026, 'blk');
    },
  },
];
