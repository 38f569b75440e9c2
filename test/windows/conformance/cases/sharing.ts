/**
 * Share modes: the driver checks them after user mode has opened the file, and closes a refused
 * one.
 */
import { type Case, expectEqual, expectStatus } from '../case.ts';
import { access, disposition, option, share, status } from '../driver/nt.ts';

const rule =
  'MS-FSA 2.1.5.1.2.2 Algorithm to Check Sharing Access to an Existing Stream or Directory';
const { READ_DATA, WRITE_DATA, APPEND_DATA, DELETE, EXECUTE, READ_ATTRIBUTES } = access;

/** Access and share mode of the first opener and of the second, and whether both succeed. */
const pairs: readonly (readonly [string, number, number, number, number, boolean])[] = [
  ['two readers that share reading', READ_DATA, share.READ, READ_DATA, share.READ, true],
  ['a reader that shares nothing, and another', READ_DATA, 0, READ_DATA, share.ALL, false],
  ['a reader, and one that shares nothing', READ_DATA, share.ALL, READ_DATA, 0, false],
  ['a reader and a writer that share all', READ_DATA, share.ALL, WRITE_DATA, share.ALL, true],
  ['a reader that shares reading, and a writer', READ_DATA, share.READ, WRITE_DATA, 7, false],
  ['a writer, and a reader that shares reading', WRITE_DATA, 7, READ_DATA, share.READ, false],
  ['appending counts as writing', READ_DATA, share.READ, APPEND_DATA, share.ALL, false],
  ['executing counts as reading', WRITE_DATA, share.WRITE, EXECUTE, share.ALL, false],
  ['a deleter against a reader without that share', READ_DATA, share.READ, DELETE, 7, false],
  ['a deleter against a reader with that share', READ_DATA, share.ALL, DELETE, 7, true],
  ['attributes alone need no share', READ_DATA, 0, READ_ATTRIBUTES, 0, true],
  ['attributes first, then anything', READ_ATTRIBUTES, 0, WRITE_DATA, 0, true],
];

const table: Case[] = pairs.map(
  ([what, firstAccess, firstShare, secondAccess, secondShare, both]): Case => ({
    name: `shares: ${what}: ${both ? 'both' : 'SHARING_VIOLATION'}`,
    rule,
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chmod(linuxPath('a'), 0o777);
      const first = await win.mustOpen(path('a'), { access: firstAccess, share: firstShare });
      const second = await win.tryOpen(path('a'), { access: secondAccess, share: secondShare });
      expectStatus(second, both ? status.SUCCESS : status.SHARING_VIOLATION);
      await first.close();
      const alone = await win.tryOpen(path('a'), { access: secondAccess, share: secondShare });
      expectStatus(alone, status.SUCCESS, 'when the first has gone');
    },
  }),
);

export const sharing: readonly Case[] = [
  ...table,
  {
    name: 'a create that the share check refuses is closed without a cleanup',
    rule: 'WinFsp: Close alone after a sharing violation',
    async run({ win, path, driver }) {
      await win.makeFile(path('a'), 'x');
      const first = await win.mustOpen(path('a'), { share: share.NONE });
      await driver.settle();
      const before = driver.sent.get('CLOSE') ?? 0;
      expectStatus(await win.tryOpen(path('a')), status.SHARING_VIOLATION);
      await driver.settle();
      expectEqual((driver.sent.get('CLOSE') ?? 0) - before, 1, 'closes');
      await first.close();
    },
  },
  {
    name: 'a delete-on-close open that the share check refuses deletes nothing',
    rule: 'WinFsp: Close alone after a sharing violation',
    async run({ win, path, driver }) {
      await win.makeFile(path('a'), 'kept');
      const first = await win.mustOpen(path('a'), { share: share.READ });
      const answer = await win.tryOpen(path('a'), {
        access: DELETE,
        options: option.DELETE_ON_CLOSE,
      });
      expectStatus(answer, status.SHARING_VIOLATION);
      await first.close();
      await driver.settle();
      expectEqual((await win.readFile(path('a'))).toString(), 'kept', 'the file');
    },
  },
  {
    name: 'two names of one file have separate share modes',
    rule: 'WinFsp: open files are known by name',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.link(linuxPath('a'), linuxPath('b'));
      const first = await win.mustOpen(path('a'), { share: share.NONE });
      expectStatus(await win.tryOpen(path('b'), { share: share.NONE }), status.SUCCESS);
      await first.close();
    },
  },
  {
    name: 'data written through one name of a file is read through the other',
    rule: 'Linux link(2): two names of one inode',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'before');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.link(linuxPath('a'), linuxPath('b'));
      const reader = await win.mustOpen(path('a'));
      const writer = await win.mustOpen(path('b'), { access: access.FILE_GENERIC_WRITE });
      await writer.write(0, 'AFTER');
      expectEqual((await reader.readAll()).toString(), 'AFTERe', 'the content');
      await writer.close();
      await reader.close();
    },
  },
  {
    name: 'a directory that is open without sharing does not restrict its files',
    rule: 'MS-FSA 2.1.5.1.2.2: the share mode of a directory is its own',
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      const directory = await win.mustOpen(path('d'), {
        share: share.NONE,
        options: option.DIRECTORY_FILE,
      });
      const made = await win.tryOpen(path('d\\a'), {
        access: access.FILE_GENERIC_WRITE,
        disposition: disposition.CREATE,
      });
      expectStatus(made, status.SUCCESS);
      await directory.close();
    },
  },
  {
    name: 'fifty handles of one file, closed in any order',
    rule: 'WinFsp: a Close comes at any time',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x');
      const handles = await Promise.all(Array.from({ length: 50 }, () => win.mustOpen(path('a'))));
      for (const [index, handle] of handles.entries()) if (index % 2 === 0) await handle.close();
      for (const [index, handle] of handles.entries()) {
        if (index % 2 === 0) continue;
        expectEqual((await handle.readAll()).toString(), 'x', 'the content');
        await handle.close();
      }
    },
  },
];
