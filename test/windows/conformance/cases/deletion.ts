/** All ways to delete: delete on close, disposition, POSIX semantics, and what prevents each. */
import { type Case, expectEqual, expectStatus, expectTrue, type Scene } from '../case.ts';
import {
  access,
  attribute,
  disposition,
  dispositionFlag,
  option,
  renameFlag,
  share,
  status,
} from '../driver/nt.ts';
import { expectSuccess, type Handle, type OpenOptions } from '../driver/program.ts';

const { DELETE, POSIX, IGNORE_READONLY } = dispositionFlag;
const closes: OpenOptions = {
  access: access.DELETE | access.FILE_GENERIC_READ,
  options: option.DELETE_ON_CLOSE,
};
const deletes: OpenOptions = { access: access.DELETE | access.READ_ATTRIBUTES };
const setRule = 'MS-FSA 2.1.5.15.3 FileDispositionInformation';
const closeRule = 'MS-FSA 2.1.5.5 Server Requests Closing an Open';
const posixRule = 'MS-FSCC 2.4.11 FileDispositionInformationEx';

async function isThere({ linux, linuxPath }: Scene, name: string): Promise<boolean> {
  const names = await linux.readdir(linuxPath('.'));
  return names.includes(name);
}

async function mustDispose(
  handle: Handle,
  flags: number = DELETE,
  extended = false,
): Promise<void> {
  expectSuccess(await handle.setDisposition(flags, extended), 'disposition');
}

export const deletion: readonly Case[] = [
  {
    name: 'delete on close deletes when the handle is closed, not before',
    rule: closeRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), 'x');
      const handle = await scene.win.mustOpen(scene.path('a'), closes);
      expectTrue(await isThere(scene, 'a'), 'before');
      await handle.close();
      expectEqual(await isThere(scene, 'a'), false, 'after');
    },
  },
  {
    name: 'a new file with delete on close is gone when its handle is closed',
    rule: closeRule,
    async run(scene) {
      const handle = await scene.win.mustOpen(scene.path('a'), {
        ...closes,
        access: access.OWNER,
        disposition: disposition.CREATE,
      });
      await handle.write(0, 'temporary');
      await handle.close();
      expectEqual(await isThere(scene, 'a'), false, 'after');
    },
  },
  {
    name: 'delete on close with another handle open deletes at the last cleanup',
    rule: closeRule,
    async run(scene) {
      const { win, path } = scene;
      await win.makeFile(path('a'), 'x');
      const other = await win.mustOpen(path('a'));
      const handle = await win.mustOpen(path('a'), closes);
      await handle.close();
      expectTrue(await isThere(scene, 'a'), 'the other holds it');
      expectStatus(await win.tryOpen(path('a')), status.DELETE_PENDING, 'a new open');
      expectEqual((await other.readAll()).toString(), 'x', 'the other reads');
      await other.close();
      expectEqual(await isThere(scene, 'a'), false, 'after');
    },
  },
  {
    name: 'delete on close of an empty directory',
    rule: closeRule,
    async run(scene) {
      await scene.win.makeDirectory(scene.path('d'));
      const handle = await scene.win.mustOpen(scene.path('d'), closes);
      await handle.close();
      expectEqual(await isThere(scene, 'd'), false, 'after');
    },
  },
  {
    name: 'delete on close of a directory with a file in it leaves it',
    rule: 'WinFsp: Cleanup cannot fail, and checks again',
    async run(scene) {
      const { win, path } = scene;
      await win.makeDirectory(path('d'));
      await win.makeFile(path('d\\a'), 'x');
      const handle = await win.mustOpen(path('d'), closes);
      await handle.close();
      expectEqual((await win.readFile(path('d\\a'))).toString(), 'x', 'the file in it');
    },
  },
  {
    name: 'delete on close of a READONLY file is refused',
    rule: 'MS-FSA 2.1.5.1.2.1: CANNOT_DELETE',
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), 'x', { attributes: attribute.READONLY });
      expectStatus(await scene.win.tryOpen(scene.path('a'), closes), status.CANNOT_DELETE);
      expectTrue(await isThere(scene, 'a'), 'it is still there');
    },
  },
  {
    name: 'delete on close of the root is refused',
    rule: 'MS-FSA 2.1.5.1: the root directory',
    async run({ win }) {
      expectStatus(await win.tryOpen('\\', closes), status.CANNOT_DELETE);
    },
  },
  {
    name: 'a disposition deletes when the last handle is closed',
    rule: setRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), 'x');
      const handle = await scene.win.mustOpen(scene.path('a'), deletes);
      await mustDispose(handle);
      expectTrue(await isThere(scene, 'a'), 'before the close');
      await handle.close();
      expectEqual(await isThere(scene, 'a'), false, 'after');
    },
  },
  {
    name: 'a disposition can be reversed',
    rule: setRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), 'x');
      const handle = await scene.win.mustOpen(scene.path('a'), deletes);
      await mustDispose(handle);
      await mustDispose(handle, 0);
      await handle.close();
      expectTrue(await isThere(scene, 'a'), 'it stays');
    },
  },
  {
    name: 'a disposition without DELETE access is refused',
    rule: setRule,
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x');
      const handle = await win.mustOpen(path('a'));
      expectStatus(await handle.setDisposition(DELETE), status.ACCESS_DENIED);
      await handle.close();
    },
  },
  {
    name: 'a disposition on a READONLY file is CANNOT_DELETE',
    rule: setRule,
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x', { attributes: attribute.READONLY });
      const handle = await win.mustOpen(path('a'), deletes);
      expectStatus(await handle.setDisposition(DELETE), status.CANNOT_DELETE);
      await handle.close();
      expectEqual((await win.readFile(path('a'))).toString(), 'x', 'the content');
    },
  },
  {
    name: 'a READONLY directory is not deleted and not replaced, and can be emptied',
    rule: 'winfsp-tests create_readonlydir_test, which passes on NTFS; MS-FSA 2.1.5.15.3',
    async run({ win, path }) {
      const marks = { access: access.READ_ATTRIBUTES | access.WRITE_ATTRIBUTES };
      const { READONLY, NORMAL } = attribute;
      await win.makeDirectory(path('d'));
      await win.makeFile(path('d\\a'));
      const marking = await win.mustOpen(path('d'), marks);
      expectSuccess(await marking.setBasic({ attributes: READONLY }), 'mark');
      await marking.close();
      expectSuccess(await win.remove(path('d\\a')), 'the file in it');
      expectStatus(await win.remove(path('d')), status.CANNOT_DELETE, 'the disposition');
      expectStatus(await win.tryOpen(path('d'), closes), status.CANNOT_DELETE, 'on close');
      await win.makeDirectory(path('other'));
      const other = await win.mustOpen(path('other'), deletes);
      const { REPLACE, POSIX: POSIX_RENAME } = renameFlag;
      const replaced = await other.rename(path('d'), REPLACE | POSIX_RENAME, true);
      expectStatus(replaced, status.ACCESS_DENIED, 'a rename over it');
      await other.close();
      const clearing = await win.mustOpen(path('d'), marks);
      expectSuccess(await clearing.setBasic({ attributes: NORMAL }), 'clear');
      await clearing.close();
      expectSuccess(await win.remove(path('d')), 'without the mark');
    },
  },
  {
    name: 'IGNORE_READONLY_ATTRIBUTE deletes a READONLY directory',
    rule: posixRule,
    async run(scene) {
      const { win, path } = scene;
      await win.makeDirectory(path('d'));
      const handle = await win.mustOpen(path('d'), {
        access: access.DELETE | access.READ_ATTRIBUTES | access.WRITE_ATTRIBUTES,
      });
      expectSuccess(await handle.setBasic({ attributes: attribute.READONLY }), 'mark');
      await mustDispose(handle, DELETE | POSIX | IGNORE_READONLY, true);
      await handle.close();
      expectEqual(await isThere(scene, 'd'), false, 'after');
    },
  },
  {
    name: 'a file that lost all its write bits on Linux is READONLY and cannot be deleted',
    rule: 'chmod(2) a-w is FILE_ATTRIBUTE_READONLY',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.chmod(linuxPath('a'), 0o444);
      const handle = await win.mustOpen(path('a'), deletes);
      expectStatus(await handle.setDisposition(DELETE), status.CANNOT_DELETE);
      await handle.close();
    },
  },
  {
    name: 'IGNORE_READONLY_ATTRIBUTE deletes a READONLY file',
    rule: posixRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), 'x', { attributes: attribute.READONLY });
      const handle = await scene.win.mustOpen(scene.path('a'), deletes);
      await mustDispose(handle, DELETE | POSIX | IGNORE_READONLY, true);
      await handle.close();
      expectEqual(await isThere(scene, 'a'), false, 'after');
    },
  },
  {
    name: 'a disposition on a directory that is not empty is DIRECTORY_NOT_EMPTY',
    rule: setRule,
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      await win.makeFile(path('d\\a'));
      const handle = await win.mustOpen(path('d'), deletes);
      expectStatus(await handle.setDisposition(DELETE), status.DIRECTORY_NOT_EMPTY);
      await handle.close();
      expectStatus(await win.tryOpen(path('d\\a')), status.SUCCESS, 'what is in it');
    },
  },
  {
    name: 'a disposition on a directory with nothing but a hidden file is DIRECTORY_NOT_EMPTY',
    rule: setRule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeDirectory(path('d'));
      await linux.writeFile(linuxPath('d/.hidden'), '');
      const handle = await win.mustOpen(path('d'), deletes);
      expectStatus(await handle.setDisposition(DELETE), status.DIRECTORY_NOT_EMPTY);
      await handle.close();
    },
  },
  {
    name: 'a directory that fills up between disposition and close stays',
    rule: 'WinFsp: Cleanup cannot fail, and checks again',
    async run({ win, linux, path, linuxPath }) {
      await win.makeDirectory(path('d'));
      const handle = await win.mustOpen(path('d'), deletes);
      await mustDispose(handle);
      await linux.writeFile(linuxPath('d/late'), 'x');
      await handle.close();
      expectEqual((await linux.readFile(linuxPath('d/late'))).toString(), 'x', 'what came late');
    },
  },
  {
    name: 'a disposition on the root is refused',
    rule: 'WinFsp: the root cannot be deleted',
    async run({ win }) {
      const handle = await win.mustOpen('\\', {
        access: access.DELETE | access.READ_ATTRIBUTES,
        kernelMode: true,
      });
      expectStatus(await handle.setDisposition(DELETE), status.CANNOT_DELETE);
      await handle.close();
    },
  },
  {
    name: 'while a delete is pending the name cannot be opened',
    rule: 'MS-FSA 2.1.5.1.2: DELETE_PENDING',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x');
      const handle = await win.mustOpen(path('a'), deletes);
      await mustDispose(handle);
      expectStatus(await win.tryOpen(path('a')), status.DELETE_PENDING, 'open');
      const create = { access: access.OWNER, disposition: disposition.OPEN_IF };
      expectStatus(await win.tryOpen(path('a'), create), status.DELETE_PENDING, 'open or create');
      await handle.close();
      expectStatus(await win.tryOpen(path('a'), create), status.SUCCESS, 'afterwards');
    },
  },
  {
    name: 'POSIX delete frees the name at once while others have the file open',
    rule: posixRule,
    async run(scene) {
      const { win, path } = scene;
      await win.makeFile(path('a'), 'old');
      const other = await win.mustOpen(path('a'), { access: access.FILE_GENERIC_READ });
      const handle = await win.mustOpen(path('a'), deletes);
      await mustDispose(handle, DELETE | POSIX, true);
      await handle.close();
      expectEqual(await isThere(scene, 'a'), false, 'the name');
      await win.makeFile(path('a'), 'new');
      expectEqual((await other.readAll()).toString(), 'old', 'the open file');
      expectEqual((await win.readFile(path('a'))).toString(), 'new', 'the new file');
      await other.close();
      expectEqual((await win.readFile(path('a'))).toString(), 'new', 'the new file still');
    },
  },
  {
    name: 'a POSIX-deleted file can still be written through an open handle',
    rule: posixRule,
    async run({ win, path }) {
      await win.makeFile(path('a'), 'old');
      const other = await win.mustOpen(path('a'), {
        access: access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE,
      });
      expectSuccess(await win.remove(path('a')), 'remove');
      expectSuccess((await other.write(0, 'written')).status, 'write');
      expectEqual((await other.readAll()).toString(), 'written', 'the content');
      await other.close();
    },
  },
  {
    name: 'a second disposition on a POSIX-deleted file is FILE_DELETED',
    rule: 'WinFsp: FileNode.PosixDelete',
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const other = await win.mustOpen(path('a'), deletes);
      expectSuccess(await win.remove(path('a')), 'remove');
      expectStatus(await other.setDisposition(DELETE), status.FILE_DELETED);
      await other.close();
    },
  },
  {
    name: 'closing the last handle of a POSIX-deleted file leaves a new file of the name alone',
    rule: posixRule,
    async run({ win, path, driver }) {
      await win.makeFile(path('a'), 'old');
      const writer = await win.mustOpen(path('a'), { access: access.OWNER });
      expectSuccess(await win.remove(path('a')), 'remove');
      await win.makeFile(path('a'), 'new');
      await writer.write(0, 'still the old file');
      await writer.close();
      await driver.settle();
      expectEqual((await win.readFile(path('a'))).toString(), 'new', 'the new file');
    },
  },
  {
    name: 'removing one name of a file leaves the other',
    rule: 'Linux unlink(2)',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.link(linuxPath('a'), linuxPath('b'));
      expectSuccess(await win.remove(path('a')), 'remove');
      expectEqual((await win.readFile(path('b'))).toString(), 'x', 'the other name');
      expectEqual((await linux.stat(linuxPath('b'))).nlink, 1, 'links');
    },
  },
  {
    name: 'deleting one name by delete on close while the other is open',
    rule: 'WinFsp: open files are known by name',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.link(linuxPath('a'), linuxPath('b'));
      const other = await win.mustOpen(path('b'));
      const handle = await win.mustOpen(path('a'), closes);
      await handle.close();
      expectEqual(await linux.readdir(linuxPath('.')), ['b'], 'the names');
      expectEqual((await other.readAll()).toString(), 'x', 'the open file');
      await other.close();
    },
  },
  {
    name: 'removing a symbolic link leaves its target',
    rule: 'FILE_OPEN_REPARSE_POINT: the link itself',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.symlink('a', linuxPath('link'));
      await linux.lchown(linuxPath('link'), 1000, 1000);
      expectSuccess(await win.remove(path('link')), 'remove');
      expectEqual(await linux.readdir(linuxPath('.')), ['a'], 'the names');
    },
  },
  {
    name: 'removing a link to a directory leaves the directory’s content',
    rule: 'FILE_OPEN_REPARSE_POINT: the link itself',
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.writeFile(linuxPath('d/a'), 'x');
      await linux.symlink('d', linuxPath('link'));
      expectSuccess(await win.remove(path('link')), 'remove');
      expectEqual((await linux.readFile(linuxPath('d/a'))).toString(), 'x', 'what is in it');
    },
  },
  {
    name: 'removing a missing name is OBJECT_NAME_NOT_FOUND',
    rule: 'MS-FSA 2.1.5.1',
    async run({ win, path }) {
      expectStatus(await win.remove(path('a')), status.OBJECT_NAME_NOT_FOUND);
    },
  },
  {
    name: 'a FIFO can be removed',
    rule: 'FILE_OPEN_REPARSE_POINT: the special file itself',
    async run(scene) {
      await scene.linux.mknod(scene.linuxPath('fifo'), 'fifo');
      expectSuccess(await scene.win.remove(scene.path('fifo')), 'remove');
      expectEqual(await isThere(scene, 'fifo'), false, 'after');
    },
  },
  {
    name: 'the directory of an open file cannot be deleted',
    rule: setRule,
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      await win.makeFile(path('d\\a'));
      const file = await win.mustOpen(path('d\\a'));
      expectStatus(await win.remove(path('d')), status.DIRECTORY_NOT_EMPTY);
      await file.close();
    },
  },
  {
    name: 'the directory of a POSIX-deleted file that is still open can be deleted',
    rule: posixRule,
    async run(scene) {
      const { win, path } = scene;
      await win.makeDirectory(path('d'));
      await win.makeFile(path('d\\a'), 'x');
      const file = await win.mustOpen(path('d\\a'));
      expectSuccess(await win.remove(path('d\\a')), 'the file');
      expectSuccess(await win.remove(path('d')), 'the directory');
      expectEqual((await file.readAll()).toString(), 'x', 'the open file');
      await file.close();
      expectEqual(await isThere(scene, 'd'), false, 'the directory');
    },
  },
  {
    name: 'a deleted directory that is still open lists nothing',
    rule: posixRule,
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      const directory = await win.mustOpen(path('d'), {
        access: access.READ_DATA | access.SYNCHRONIZE,
        options: option.DIRECTORY_FILE,
        share: share.ALL,
      });
      expectSuccess(await win.remove(path('d')), 'remove');
      const { entries } = await directory.list({ pattern: '*' });
      const names = entries.map(({ name }) => name).filter((name) => !/^\.{1,2}$/.test(name));
      expectEqual(names, [], 'the names');
      await directory.close();
    },
  },
  {
    name: 'a thousand files are made and deleted',
    rule: closeRule,
    async run(scene) {
      const { win, path } = scene;
      const names = Array.from({ length: 1000 }, (_, index) => path(`file-${index}`));
      for (const name of names) await win.makeFile(name);
      for (const name of names) expectSuccess(await win.remove(name), name);
      expectEqual(await scene.linux.readdir(scene.linuxPath('.')), [], 'what is left');
    },
  },
];
