/**
 * All kinds of renames: over existing names, over open files, in case alone, across directories.
 */
import { type Case, expectEqual, expectStatus, expectTrue } from '../case.ts';
import { access, attribute, option, renameFlag, share, status } from '../driver/nt.ts';
import { expectSuccess } from '../driver/program.ts';

const { REPLACE, POSIX, IGNORE_READONLY } = renameFlag;
const rule = 'MS-FSA 2.1.5.15.11 FileRenameInformation';
const posixRule = 'MS-FSCC 2.4.42 FileRenameInformationEx, FILE_RENAME_POSIX_SEMANTICS';

export const renaming: readonly Case[] = [
  {
    name: 'a file is renamed within its directory',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), 'x');
      expectSuccess(await win.move(path('a'), path('b')), 'rename');
      expectEqual(await linux.readdir(linuxPath('.')), ['b'], 'the names');
      expectEqual((await win.readFile(path('b'))).toString(), 'x', 'the content');
    },
  },
  {
    name: 'a new name of one component renames within the directory',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), 'x');
      expectSuccess(await win.move(path('a'), 'b'), 'rename');
      expectEqual(await linux.readdir(linuxPath('.')), ['b'], 'the names');
    },
  },
  {
    name: 'a file moves to another directory and stays the same inode',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeDirectory(path('d'));
      await win.makeFile(path('a'), 'x');
      const { ino } = await linux.stat(linuxPath('a'));
      expectSuccess(await win.move(path('a'), path('d\\b')), 'rename');
      expectEqual((await linux.stat(linuxPath('d/b'))).ino, ino, 'the inode');
    },
  },
  {
    name: 'a rename over an existing file without REPLACE is OBJECT_NAME_COLLISION',
    rule,
    async run({ win, path }) {
      await win.makeFile(path('a'), 'a');
      await win.makeFile(path('b'), 'b');
      expectStatus(await win.move(path('a'), path('b')), status.OBJECT_NAME_COLLISION);
      expectEqual((await win.readFile(path('b'))).toString(), 'b', 'the target');
      expectEqual((await win.readFile(path('a'))).toString(), 'a', 'the source');
    },
  },
  {
    name: 'a rename with REPLACE replaces a file',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), 'a');
      await win.makeFile(path('b'), 'b');
      expectSuccess(await win.move(path('a'), path('b'), REPLACE), 'rename');
      expectEqual(await linux.readdir(linuxPath('.')), ['b'], 'the names');
      expectEqual((await win.readFile(path('b'))).toString(), 'a', 'the content');
    },
  },
  {
    name: 'a rename over a READONLY file is ACCESS_DENIED',
    rule,
    async run({ win, path }) {
      await win.makeFile(path('a'), 'a');
      await win.makeFile(path('b'), 'b', { attributes: attribute.READONLY });
      expectStatus(await win.move(path('a'), path('b'), REPLACE), status.ACCESS_DENIED);
      expectEqual((await win.readFile(path('b'))).toString(), 'b', 'the target');
    },
  },
  {
    name: 'IGNORE_READONLY_ATTRIBUTE replaces a READONLY file',
    rule: 'MS-FSCC 2.4.42: FILE_RENAME_IGNORE_READONLY_ATTRIBUTE',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'a');
      await win.makeFile(path('b'), 'b', { attributes: attribute.READONLY });
      const flags = REPLACE | POSIX | IGNORE_READONLY;
      expectSuccess(await win.move(path('a'), path('b'), flags, true), 'rename');
      expectEqual((await win.readFile(path('b'))).toString(), 'a', 'the content');
    },
  },
  {
    name: 'a READONLY file itself may be renamed',
    rule,
    async run({ win, path }) {
      await win.makeFile(path('a'), 'a', { attributes: attribute.READONLY });
      expectSuccess(await win.move(path('a'), path('b')), 'rename');
      const { fileAttributes } = await win.stat(path('b'));
      expectTrue((fileAttributes & attribute.READONLY) !== 0, 'it is READONLY still');
    },
  },
  {
    name: 'a rename over a directory is refused, with REPLACE too',
    rule: 'MS-FSA 2.1.5.15.11: the target is a directory',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'a');
      await win.makeDirectory(path('d'));
      expectStatus(await win.move(path('a'), path('d'), REPLACE), status.ACCESS_DENIED);
      expectStatus(
        await win.tryOpen(path('d'), { options: option.DIRECTORY_FILE }),
        status.SUCCESS,
      );
    },
  },
  {
    name: 'a directory over a directory is refused without POSIX semantics',
    rule: 'MS-FSA 2.1.5.15.11: the target is a directory',
    async run({ win, path }) {
      await win.makeDirectory(path('a'));
      await win.makeDirectory(path('d'));
      expectStatus(await win.move(path('a'), path('d'), REPLACE), status.ACCESS_DENIED);
    },
  },
  {
    name: 'POSIX rename replaces an empty directory with a directory',
    rule: posixRule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeDirectory(path('a'));
      await win.makeFile(path('a\\file'), 'x');
      await win.makeDirectory(path('d'));
      expectSuccess(await win.move(path('a'), path('d'), REPLACE | POSIX, true), 'rename');
      expectEqual(await linux.readdir(linuxPath('.')), ['d'], 'the names');
      expectEqual(await linux.readdir(linuxPath('d')), ['file'], 'what is in it');
    },
  },
  {
    name: 'POSIX rename over a directory that is not empty is refused',
    rule: posixRule,
    async run({ win, path }) {
      await win.makeDirectory(path('a'));
      await win.makeDirectory(path('d'));
      await win.makeFile(path('d\\file'), 'x');
      const answer = await win.move(path('a'), path('d'), REPLACE | POSIX, true);
      expectStatus(answer, status.DIRECTORY_NOT_EMPTY);
      expectEqual((await win.readFile(path('d\\file'))).toString(), 'x', 'what is in it');
    },
  },
  {
    name: 'a rename over an open file is refused without POSIX semantics',
    rule: 'WinFsp: no rename over open files',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'a');
      await win.makeFile(path('b'), 'b');
      const open = await win.mustOpen(path('b'));
      expectStatus(await win.move(path('a'), path('b'), REPLACE), status.ACCESS_DENIED);
      expectEqual((await open.readAll()).toString(), 'b', 'the open file');
      await open.close();
    },
  },
  {
    name: 'after a POSIX rename over an open file that shares delete, the open file has no name',
    rule: posixRule,
    async run({ win, linux, path, linuxPath, driver }) {
      await win.makeFile(path('a'), 'a');
      await win.makeFile(path('b'), 'b');
      const open = await win.mustOpen(path('b'), {
        access: access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE,
      });
      expectSuccess(await win.move(path('a'), path('b'), REPLACE | POSIX, true), 'rename');
      expectEqual((await open.readAll()).toString(), 'b', 'the open file');
      expectSuccess((await open.write(0, 'B')).status, 'write');
      expectEqual((await win.readFile(path('b'))).toString(), 'a', 'the name');
      await open.close();
      await driver.settle();
      expectEqual(await linux.readdir(linuxPath('.')), ['b'], 'the names');
      expectEqual((await linux.readFile(linuxPath('b'))).toString(), 'a', 'for Linux');
    },
  },
  {
    name: 'POSIX rename over an open file that does not share delete is refused',
    rule: posixRule,
    async run({ win, path }) {
      await win.makeFile(path('a'), 'a');
      await win.makeFile(path('b'), 'b');
      const open = await win.mustOpen(path('b'), { share: share.READ });
      const answer = await win.move(path('a'), path('b'), REPLACE | POSIX, true);
      expectStatus(answer, status.ACCESS_DENIED);
      await open.close();
    },
  },
  {
    name: 'a rename in case alone, on a volume that tells case apart',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('name'), 'x');
      expectSuccess(await win.move(path('name'), path('NAME')), 'rename');
      expectEqual(await linux.readdir(linuxPath('.')), ['NAME'], 'the names');
    },
  },
  {
    name: 'a rename to the same name changes nothing and succeeds',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), 'x');
      expectSuccess(await win.move(path('a'), path('a')), 'rename');
      expectEqual(await linux.readdir(linuxPath('.')), ['a'], 'the names');
    },
  },
  {
    name: 'a rename over another name of the same file leaves one name',
    rule: 'MS-FSA 2.1.5.15.11: both names are the same file',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.link(linuxPath('a'), linuxPath('b'));
      expectSuccess(await win.move(path('a'), path('b'), REPLACE), 'rename');
      expectEqual(await linux.readdir(linuxPath('.')), ['b'], 'the names');
    },
  },
  {
    name: 'a rename of one name leaves the other names of the file',
    rule: 'Linux rename(2)',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.link(linuxPath('a'), linuxPath('b'));
      expectSuccess(await win.move(path('b'), path('c')), 'rename');
      expectEqual((await linux.readdir(linuxPath('.'))).sort(), ['a', 'c'], 'the names');
    },
  },
  {
    name: 'a file that is renamed while it is open is read and written under its new name',
    rule,
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x');
      const handle = await win.mustOpen(path('a'), { access: access.OWNER });
      expectSuccess(await handle.rename(path('b')), 'rename');
      expectSuccess((await handle.write(0, 'written')).status, 'write');
      expectEqual((await win.readFile(path('b'))).toString(), 'written', 'the content');
      expectStatus(await win.tryOpen(path('a')), status.OBJECT_NAME_NOT_FOUND, 'the old name');
      await handle.close();
    },
  },
  {
    name: 'a file that is renamed and then deleted through its handle is gone',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), 'x');
      const handle = await win.mustOpen(path('a'), { access: access.OWNER });
      expectSuccess(await handle.rename(path('b')), 'rename');
      expectSuccess(await handle.setDisposition(1), 'disposition');
      await handle.close();
      expectEqual(await linux.readdir(linuxPath('.')), [], 'the names');
    },
  },
  {
    name: 'a file that is renamed by another handle deletes its new name on close',
    rule: 'MS-FSA 2.1.5.5: the link of the open',
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), 'x');
      const doomed = await win.mustOpen(path('a'), {
        access: access.DELETE,
        options: option.DELETE_ON_CLOSE,
      });
      expectSuccess(await win.move(path('a'), path('b')), 'rename');
      await win.makeFile(path('a'), 'another');
      await doomed.close();
      expectEqual(await linux.readdir(linuxPath('.')), ['a'], 'the names');
      expectEqual((await win.readFile(path('a'))).toString(), 'another', 'the new file');
    },
  },
  {
    name: 'a directory moves with its content',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeDirectory(path('d'));
      await win.makeDirectory(path('d\\e'));
      await win.makeFile(path('d\\e\\a'), 'x');
      expectSuccess(await win.move(path('d'), path('f')), 'rename');
      expectEqual((await win.readFile(path('f\\e\\a'))).toString(), 'x', 'the content');
      expectStatus(
        await win.tryOpen(path('d\\e\\a')),
        status.OBJECT_PATH_NOT_FOUND,
        'the old name',
      );
      expectEqual(await linux.readdir(linuxPath('f/e')), ['a'], 'for Linux');
    },
  },
  {
    name: 'a directory with an open file in it is not renamed',
    rule: 'WinFsp: no rename of open descendants',
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      await win.makeFile(path('d\\a'), 'x');
      const open = await win.mustOpen(path('d\\a'));
      expectStatus(await win.move(path('d'), path('e')), status.ACCESS_DENIED);
      await open.close();
      expectSuccess(await win.move(path('d'), path('e')), 'afterwards');
    },
  },
  {
    name: 'POSIX rename of a directory with an open file: the file is found below the new name',
    rule: posixRule,
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      await win.makeFile(path('d\\a'), 'x');
      const open = await win.mustOpen(path('d\\a'), { access: access.OWNER });
      expectSuccess(await win.move(path('d'), path('e'), POSIX, true), 'rename');
      expectSuccess((await open.write(0, 'y')).status, 'write');
      expectSuccess(await open.rename(path('e\\b')), 'rename of the open file');
      expectEqual((await win.readFile(path('e\\b'))).toString(), 'y', 'the content');
      await open.close();
    },
  },
  {
    name: 'a directory cannot move into itself',
    rule: 'Linux rename(2): EINVAL',
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      await win.makeDirectory(path('d\\e'));
      const answer = await win.move(path('d'), path('d\\e\\d'));
      expectTrue(answer !== status.SUCCESS, 'it is refused');
      expectStatus(await win.tryOpen(path('d\\e')), status.SUCCESS, 'it is still there');
    },
  },
  {
    name: 'a rename into a missing directory is OBJECT_PATH_NOT_FOUND',
    rule,
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x');
      expectStatus(await win.move(path('a'), path('d\\a')), status.OBJECT_PATH_NOT_FOUND);
    },
  },
  {
    name: 'a rename to a name that Linux cannot have is OBJECT_NAME_INVALID',
    rule: 'Linux NAME_MAX: 255 bytes',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x');
      const answer = await win.move(path('a'), path('€'.repeat(90)));
      expectStatus(answer, status.OBJECT_NAME_INVALID);
    },
  },
  {
    name: 'a rename without DELETE access is refused',
    rule: 'MS-FSCC 2.4.42: DELETE is needed',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x');
      const handle = await win.mustOpen(path('a'));
      expectStatus(await handle.rename(path('b')), status.ACCESS_DENIED);
      await handle.close();
    },
  },
  {
    name: 'the root is not renamed',
    rule: 'WinFsp: the root cannot be renamed',
    async run({ win, path }) {
      const handle = await win.mustOpen('\\', { access: access.DELETE, kernelMode: true });
      expectStatus(await handle.rename(path('b')), status.INVALID_PARAMETER);
      await handle.close();
    },
  },
  {
    name: 'a symbolic link is renamed, not its target',
    rule: 'FILE_OPEN_REPARSE_POINT: the link itself',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.symlink('a', linuxPath('link'));
      expectSuccess(await win.move(path('link'), path('moved')), 'rename');
      expectEqual(await linux.readlink(linuxPath('moved')), 'a', 'the link');
      expectEqual((await linux.readdir(linuxPath('.'))).sort(), ['a', 'moved'], 'the names');
    },
  },
  {
    name: 'a rename over a symbolic link replaces the link, not its target',
    rule: 'Linux rename(2)',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('target'), 'target');
      await linux.symlink('target', linuxPath('link'));
      await win.makeFile(path('a'), 'a');
      expectSuccess(await win.move(path('a'), path('link'), REPLACE), 'rename');
      expectEqual((await linux.readFile(linuxPath('target'))).toString(), 'target', 'the target');
      expectEqual((await linux.lstat(linuxPath('link'))).isFile(), true, 'a file now');
    },
  },
  {
    name: 'a rename keeps times, attributes, EAs and owner',
    rule: 'MS-FSA 2.1.5.15.11: a rename changes the name alone',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 77);
      await linux.setxattr(linuxPath('a'), 'user.note', 'kept');
      await linux.utimes(linuxPath('a'), 1000, 2000);
      const before = await win.stat(path('a'));
      expectSuccess(await win.move(path('a'), path('b')), 'rename');
      const after = await win.stat(path('b'));
      expectEqual(after.lastWriteTime, before.lastWriteTime, 'the last write');
      expectEqual(after.creationTime, before.creationTime, 'the creation');
      expectEqual((await linux.stat(linuxPath('b'))).gid, 77, 'the group');
      expectEqual(
        (await linux.getxattr(linuxPath('b'), 'user.note'))?.toString(),
        'kept',
        'the EA',
      );
    },
  },
  {
    name: 'two files swap their names through a third, with opens in between',
    rule,
    async run({ win, path }) {
      await win.makeFile(path('a'), 'a');
      await win.makeFile(path('b'), 'b');
      for (let round = 0; round < 10; round++) {
        expectSuccess(await win.move(path('a'), path('t')), 'a');
        expectSuccess(await win.move(path('b'), path('a')), 'b');
        expectSuccess(await win.move(path('t'), path('b')), 't');
        const expected = round % 2 === 0 ? 'b' : 'a';
        expectEqual((await win.readFile(path('a'))).toString(), expected, `round ${round}`);
      }
    },
  },
  {
    name: 'renames and opens at the same time: each open finds one of the two',
    rule: 'Linux rename(2): it is atomic',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'one');
      await win.makeFile(path('b'), 'two');
      const opens = Array.from({ length: 20 }, async () => {
        const answer = await win.open(path('b'));
        if (answer.handle === undefined) return status.SUCCESS === answer.status ? '' : 'refused';
        const text = (await answer.handle.readAll()).toString();
        await answer.handle.close();
        return text;
      });
      const move = win.move(path('a'), path('b'), REPLACE | POSIX, true);
      const texts = await Promise.all(opens);
      expectSuccess(await move, 'rename');
      expectTrue(
        texts.every((text) => text === 'one' || text === 'two'),
        `what was read: ${texts.join(' ')}`,
      );
      expectEqual((await win.readFile(path('b'))).toString(), 'one', 'in the end');
    },
  },
];
