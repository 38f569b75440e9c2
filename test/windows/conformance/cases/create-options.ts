/**
 * The other parameters of a create: options, attributes, allocation, and the system's special
 * opens.
 */
import { type Case, expectEqual, expectStatus, expectTrue } from '../case.ts';
import { closeHandle } from '../driver/cleanup.ts';
import { create } from '../driver/create.ts';
import { access, attribute, created, disposition, option, share, status } from '../driver/nt.ts';
import { mountingUser } from '../driver/token.ts';

const write = access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE;
const { CREATE, OPEN, OPEN_IF } = disposition;

/** The driver opens the directory of a name, for a rename. */
const target = {
  token: mountingUser,
  desiredAccess: access.WRITE_DATA | access.SYNCHRONIZE,
  disposition: OPEN,
  options: option.OPEN_FOR_BACKUP_INTENT,
  shareAccess: share.READ | share.WRITE,
  attributes: 0,
  allocationSize: 0,
  openTargetDirectory: true,
};

const targetDirectory: Case[] = (
  [
    ['an existing name', 'there', created.EXISTS],
    ['a name that is not there', 'missing', created.DOES_NOT_EXIST],
  ] as const
).map(
  ([what, name, information]): Case => ({
    name: `opening the target directory of ${what} opens the parent, and says if it exists`,
    rule: 'MS-FSA 2.1.5.1: OpenTargetDirectory',
    async run({ win, driver, path, linux, linuxDir }) {
      await win.makeFile(path('there'));
      const answer = await create(driver, { ...target, path: path(name) });
      expectStatus(answer.status, status.SUCCESS);
      expectEqual(answer.information, information, 'what is said of the name');
      const { file } = answer;
      if (file === undefined) return;
      const { ino } = await linux.stat(linuxDir);
      expectEqual(file.node.info?.value.indexNumber, BigInt(ino), 'the directory');
      await closeHandle(driver, file);
    },
  }),
);

export const createOptions: readonly Case[] = [
  ...targetDirectory,
  {
    name: 'the target directory of a name without a parent is not found',
    rule: 'MS-FSA 2.1.5.1: OpenTargetDirectory',
    async run({ driver, path }) {
      const answer = await create(driver, { ...target, path: path('none\\name') });
      expectStatus(answer.status, status.OBJECT_PATH_NOT_FOUND);
    },
  },
  {
    name: 'a file opened without either type option opens',
    rule: 'MS-FSA 2.1.5.1: neither FILE_DIRECTORY_FILE nor FILE_NON_DIRECTORY_FILE',
    async run({ win, path }) {
      await win.makeFile(path('a'));
      await win.makeDirectory(path('d'));
      expectStatus(await win.tryOpen(path('a')), status.SUCCESS, 'a file');
      expectStatus(await win.tryOpen(path('d')), status.SUCCESS, 'a directory');
    },
  },
  {
    name: 'a trailing backslash on a directory is ignored',
    rule: 'MS-FSA 2.1.5.1: PathName with a trailing backslash',
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      const options = option.DIRECTORY_FILE;
      expectStatus(await win.tryOpen(`${path('d')}\\`, { options }), status.SUCCESS);
    },
  },
  {
    name: 'a new directory may be named with a trailing backslash',
    rule: 'MS-FSA 2.1.5.1: PathName with a trailing backslash',
    async run({ win, linux, path, linuxPath }) {
      const wish = { options: option.DIRECTORY_FILE, disposition: CREATE };
      expectStatus(await win.tryOpen(`${path('d')}\\`, wish), status.SUCCESS);
      expectTrue((await linux.stat(linuxPath('d'))).isDirectory(), 'a directory');
    },
  },
  {
    name: 'a new file may not be named with a trailing backslash',
    rule: 'MS-FSA 2.1.5.1.1: OBJECT_NAME_INVALID',
    async run({ win, path }) {
      const wish = { access: write, disposition: CREATE };
      expectStatus(await win.tryOpen(`${path('a')}\\`, wish), status.OBJECT_NAME_INVALID);
    },
  },
  {
    name: 'an existing file may not be named with a trailing backslash',
    rule: 'MS-FSA 2.1.5.1.2: OBJECT_NAME_INVALID',
    async run({ win, path }) {
      await win.makeFile(path('a'));
      expectStatus(await win.tryOpen(`${path('a')}\\`), status.OBJECT_NAME_INVALID);
    },
  },
  {
    name: 'the root opens as a directory, and not as a file',
    rule: 'MS-FSA 2.1.5.1: the root directory',
    async run({ win }) {
      const directory = { options: option.DIRECTORY_FILE };
      expectStatus(await win.tryOpen('\\', directory), status.SUCCESS);
      const file = { options: option.NON_DIRECTORY_FILE };
      expectStatus(await win.tryOpen('\\', file), status.FILE_IS_A_DIRECTORY);
    },
  },
  {
    name: 'a relative open goes through an open directory',
    rule: 'NtCreateFile: ObjectAttributes.RootDirectory',
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      await win.makeFile(path('d\\a'), 'inside');
      const directory = await win.mustOpen(path('d'), { options: option.DIRECTORY_FILE });
      const file = await win.mustOpen('a', { related: directory });
      expectEqual((await file.readAll()).toString(), 'inside', 'the content');
      await file.close();
      await directory.close();
    },
  },
  {
    name: 'attributes of a new file are kept, with ARCHIVE',
    rule: 'MS-FSA 2.1.5.1.1: FileAttributes of a new file',
    async run({ win, path }) {
      await win.makeFile(path('a'), '', { attributes: attribute.HIDDEN | attribute.SYSTEM });
      const { fileAttributes } = await win.stat(path('a'));
      const { HIDDEN, SYSTEM, ARCHIVE } = attribute;
      expectEqual(fileAttributes, HIDDEN | SYSTEM | ARCHIVE, 'the attributes');
    },
  },
  {
    name: 'a new directory has DIRECTORY and not ARCHIVE',
    rule: 'MS-FSA 2.1.5.1.1: FileAttributes of a new directory',
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      expectEqual((await win.stat(path('d'))).fileAttributes, attribute.DIRECTORY, 'attributes');
    },
  },
  {
    name: 'a new hidden directory is hidden',
    rule: 'MS-FSA 2.1.5.1.1: FileAttributes of a new directory',
    async run({ win, path }) {
      await win.makeDirectory(path('d'), { attributes: attribute.HIDDEN });
      const { fileAttributes } = await win.stat(path('d'));
      expectEqual(fileAttributes, attribute.DIRECTORY | attribute.HIDDEN, 'the attributes');
    },
  },
  {
    name: 'the creator of a READONLY file may write to it',
    rule: 'MS-FSA 2.1.5.1.1: the creator has the access that it asked for',
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), 'written', { attributes: attribute.READONLY });
      expectEqual((await win.readFile(path('a'))).toString(), 'written', 'the content');
      const { mode } = await linux.stat(linuxPath('a'));
      expectEqual(mode & 0o222, 0, 'write bits of the mode');
    },
  },
  {
    name: 'a READONLY file that is deleted on close is not made',
    rule: 'MS-FSA 2.1.5.1.1: CANNOT_DELETE',
    async run({ win, path }) {
      const wish = {
        access: write | access.DELETE,
        disposition: CREATE,
        attributes: attribute.READONLY,
        options: option.DELETE_ON_CLOSE,
      };
      expectStatus(await win.tryOpen(path('a'), wish), status.CANNOT_DELETE);
      expectStatus(await win.tryOpen(path('a')), status.OBJECT_NAME_NOT_FOUND, 'nothing is left');
    },
  },
  {
    name: 'a new file gets the allocation that its create asks for',
    rule: 'MS-FSA 2.1.5.1.1: DesiredAllocationSize',
    async run({ win, path }) {
      const wish = { access: write, disposition: CREATE, allocationSize: 1_000_000 };
      const handle = await win.mustOpen(path('a'), wish);
      const { fileSize, allocationSize } = await handle.info();
      expectEqual(fileSize, 0, 'the size');
      expectTrue(allocationSize >= 1_000_000, `room: ${allocationSize}`);
      await handle.close();
    },
  },
  {
    name: 'OPEN_IF with an allocation size leaves an existing file as it is',
    rule: 'MS-FSA 2.1.5.1.2: AllocationSize is for new files',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'content');
      const wish = { access: write, disposition: OPEN_IF, allocationSize: 4096 };
      expectStatus(await win.tryOpen(path('a'), wish), status.SUCCESS);
      expectEqual((await win.readFile(path('a'))).toString(), 'content', 'the content');
    },
  },
  {
    name: 'write-through and unbuffered writes are read back',
    rule: 'NtCreateFile: FILE_WRITE_THROUGH, FILE_NO_INTERMEDIATE_BUFFERING',
    async run({ win, linux, path, linuxPath }) {
      const handle = await win.mustOpen(path('a'), {
        access: write,
        disposition: CREATE,
        options: option.WRITE_THROUGH | option.NO_INTERMEDIATE_BUFFERING,
      });
      await handle.write(0, Buffer.alloc(4096, 7));
      await handle.close();
      expectEqual((await linux.readFile(linuxPath('a'))).equals(Buffer.alloc(4096, 7)), true, 'it');
    },
  },
  {
    name: 'a create by the kernel itself is not checked',
    rule: 'WinFsp: UserMode is 0',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'secret');
      await linux.chmod(linuxPath('a'), 0);
      const handle = await win.mustOpen(path('a'), { kernelMode: true });
      expectEqual((await handle.readAll()).toString(), 'secret', 'the content');
      await handle.close();
    },
  },
  {
    name: 'a name with a stream is refused',
    rule: 'MS-FSA 2.1.5.1: a volume without named streams',
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const answer = await win.tryOpen(path('a:stream'), { access: write, disposition: OPEN_IF });
      expectStatus(answer, status.OBJECT_NAME_INVALID);
    },
  },
  {
    name: 'an open by file ID is refused',
    rule: 'WinFsp: FILE_OPEN_BY_FILE_ID is NOT_IMPLEMENTED',
    async run({ win }) {
      const answer = await win.tryOpen('\\12345678', { options: option.OPEN_BY_FILE_ID });
      expectStatus(answer, status.NOT_IMPLEMENTED);
    },
  },
  {
    name: 'the FileInfo of a create equals that of a query',
    rule: 'WinFsp: FileInfo of the answer to Create',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'twelve bytes');
      const handle = await win.mustOpen(path('a'));
      const fromCreate = await handle.info();
      const fromQuery = await handle.freshInfo();
      expectEqual(fromCreate, fromQuery, 'the two');
      await handle.close();
    },
  },
  {
    name: 'MAXIMUM_ALLOWED on a new file gives everything',
    rule: 'MS-FSA 2.1.5.1.1: GrantedAccess of the creator',
    async run({ win, path }) {
      const handle = await win.mustOpen(path('a'), {
        access: access.MAXIMUM_ALLOWED,
        disposition: CREATE,
      });
      expectEqual(handle.file.grantedAccess, access.ALL, 'the granted access');
      await handle.close();
    },
  },
  {
    name: 'the granted access has neither generic rights nor MAXIMUM_ALLOWED',
    rule: 'MS-FSA 2.1.5.1.2.1: GrantedAccess',
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), { access: access.GENERIC_READ });
      expectEqual(handle.file.grantedAccess, access.FILE_GENERIC_READ, 'the granted access');
      await handle.close();
    },
  },
  {
    name: 'a create takes a path of 900 units through deep directories',
    rule: 'WinFsp: paths of at most 1024 units',
    async run({ win, path, linux, linuxPath }) {
      let deep = path('d');
      await win.makeDirectory(deep);
      for (let level = 0; level < 4; level++) {
        deep += `\\${String(level).repeat(200)}`;
        await win.makeDirectory(deep);
      }
      await win.makeFile(`${deep}\\file`, 'deep');
      expectEqual((await win.readFile(`${deep}\\file`)).toString(), 'deep', 'the content');
      const below = [0, 1, 2, 3].map((level) => String(level).repeat(200)).join('/');
      const text = await linux.readFile(linuxPath(`d/${below}/file`));
      expectEqual(text.toString(), 'deep', 'for Linux');
    },
  },
];
