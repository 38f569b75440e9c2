/** Symbolic links and special files as reparse points: shown, followed, made and removed. */
import { type Case, expectEqual, expectStatus, expectTrue, type Scene } from '../case.ts';
import { access, attribute, disposition, fsctl, option, reparseTag, status } from '../driver/nt.ts';
import { expectSuccess, type OpenOptions } from '../driver/program.ts';
import { decodeSymbolicLink, encodeReparse, encodeSymbolicLink } from '../driver/reparse.ts';

const asLink: OpenOptions = { options: option.OPEN_REPARSE_POINT };
const rights = access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE | access.DELETE;
const getRule = 'MS-FSA 2.1.5.10.14 FSCTL_GET_REPARSE_POINT';
const setRule = 'MS-FSA 2.1.5.10.37 FSCTL_SET_REPARSE_POINT';
const deleteRule = 'MS-FSA 2.1.5.10.3 FSCTL_DELETE_REPARSE_POINT';
const followRule = 'path_resolution(7): links of the volume are followed on the volume';

async function getReparse({ win, path }: Scene, name: string): Promise<Buffer> {
  const handle = await win.mustOpen(path(name), asLink);
  const { status: answered, output } = await handle.control(fsctl.GET_REPARSE_POINT);
  await handle.close();
  expectSuccess(answered, 'get reparse point');
  return output;
}

/** CreateSymbolicLink: turns an empty file or directory into a link. */
async function setReparse(
  scene: Scene,
  name: string,
  data: Buffer,
  isDirectory = false,
): Promise<number> {
  const handle = await scene.win.mustOpen(scene.path(name), {
    access: rights,
    disposition: disposition.CREATE,
    options: option.OPEN_REPARSE_POINT | (isDirectory ? option.DIRECTORY_FILE : 0),
  });
  const answer = await handle.control(fsctl.SET_REPARSE_POINT, data);
  await handle.close();
  return answer.status;
}

const link = (substituteName: string, relative: boolean): Buffer =>
  encodeSymbolicLink({ substituteName, printName: substituteName, relative });

/** Linux's target, Windows' substitute name, and whether it is relative. */
const targets: readonly (readonly [string, string, boolean])[] = [
  ['file', 'file', true],
  ['../other/file', '..\\other\\file', true],
  ['./a/b/', '.\\a\\b\\', true],
  ['/etc/passwd', '\\etc\\passwd', true],
  ['a:b', 'a\uf03ab', true],
  ['ünï', 'ünï', true],
];

const shownTable: Case[] = targets.map(
  ([target, substituteName, relative]): Case => ({
    name: `the link to ${target} is shown as ${JSON.stringify(substituteName)}`,
    rule: 'MS-FSCC 2.1.2.4 Symbolic Link Reparse Data Buffer',
    async run(scene) {
      await scene.linux.symlink(target, scene.linuxPath('link'));
      const shown = decodeSymbolicLink(await getReparse(scene, 'link'));
      expectEqual(shown.substituteName, substituteName, 'the substitute name');
      expectEqual(shown.relative, relative, 'relative');
    },
  }),
);

const madeTable: Case[] = targets.map(
  ([target, substituteName, relative]): Case => ({
    name: `a link made to ${JSON.stringify(substituteName)} is ${target} for Linux`,
    rule: setRule,
    async run(scene) {
      expectSuccess(await setReparse(scene, 'link', link(substituteName, relative)), 'set');
      expectEqual(await scene.linux.readlink(scene.linuxPath('link')), target, 'the target');
    },
  }),
);

/** Special files: how Linux makes one, its tag, and what Linux sees of one that Windows makes. */
const specials = [
  ['fifo', 'fifo', reparseTag.LX_FIFO],
  ['socket', 'socket', reparseTag.AF_UNIX],
  ['character device', 'character-device', reparseTag.LX_CHR],
  ['block device', 'block-device', reparseTag.LX_BLK],
] as const;

const specialTable: Case[] = specials.map(
  ([what, kind, tag]): Case => ({
    name: `a ${what} has the tag 0x${tag.toString(16)}, and opens only with OPEN_REPARSE_POINT`,
    rule: 'MS-FSCC 2.1.2.1 Reparse Tags: WSL',
    async run(scene) {
      const { win, linux, path, linuxPath } = scene;
      await linux.mknod(linuxPath('special'), kind, { major: 1, minor: 3 });
      const info = await win.stat(path('special'));
      expectEqual(info.reparseTag, tag, 'the tag');
      expectTrue((info.fileAttributes & attribute.REPARSE_POINT) !== 0, 'REPARSE_POINT');
      const answer = await win.open(path('special'));
      expectStatus(answer.status, status.IO_REPARSE_TAG_NOT_HANDLED, 'opened like a file');
      expectEqual(answer.reparse?.tag, tag, 'the unhandled tag');
      expectEqual((await getReparse(scene, 'special')).readUInt32LE(0), tag, 'the data');
    },
  }),
);

export const reparsePoints: readonly Case[] = [
  ...shownTable,
  ...madeTable,
  ...specialTable,
  {
    name: 'a link to a file is followed',
    rule: followRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('file'), 'x');
      await linux.symlink('file', linuxPath('link'));
      expectEqual((await win.readFile(path('link'))).toString(), 'x', 'the content');
    },
  },
  {
    name: 'a link to a directory is followed in the middle of a path',
    rule: followRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.writeFile(linuxPath('d/a'), 'x');
      await linux.symlink('d', linuxPath('link'));
      expectEqual((await win.readFile(path('link\\a'))).toString(), 'x', 'the content');
      expectEqual(await win.list(path('link')), ['a'], 'the listing');
    },
  },
  {
    name: 'an absolute link starts at the root of the volume',
    rule: followRule,
    async run({ win, linux, path, linuxDir, linuxPath }) {
      await linux.writeFile(linuxPath('file'), 'x');
      await linux.symlink(`${linuxDir}/file`, linuxPath('link'));
      expectEqual((await win.readFile(path('link'))).toString(), 'x', 'the content');
    },
  },
  {
    name: 'a link with .. starts at its own directory',
    rule: followRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d/e'), { recursive: true });
      await linux.writeFile(linuxPath('file'), 'x');
      await linux.symlink('../../file', linuxPath('d/e/link'));
      await linux.symlink('d/e', linuxPath('short'));
      expectEqual((await win.readFile(path('d\\e\\link'))).toString(), 'x', 'from itself');
      expectEqual((await win.readFile(path('short\\link'))).toString(), 'x', 'through another');
    },
  },
  {
    name: 'a link with more .. than directories ends at the root of the volume',
    rule: 'path_resolution(7): the parent of the root is the root',
    async run({ win, linux, path, linuxDir, linuxPath }) {
      await linux.mkdir(linuxPath('d/e'), { recursive: true });
      await linux.writeFile(linuxPath('d/file'), 'x');
      await linux.symlink('d', linuxPath('short'));
      const target = `../../../../../..${linuxDir}/short/./e/../file`;
      await linux.symlink(target, linuxPath('d/e/link'));
      expectEqual((await win.readFile(path('d\\e\\link'))).toString(), 'x', 'the content');
    },
  },
  {
    name: 'a name below a link to a file is NOT_A_DIRECTORY',
    rule: 'path_resolution(7): ENOTDIR',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('file'), 'x');
      await linux.symlink('file', linuxPath('link'));
      expectStatus(await win.tryOpen(path('link\\a')), status.NOT_A_DIRECTORY);
    },
  },
  {
    name: 'a chain of thirty links is followed',
    rule: followRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('0'), 'x');
      for (let i = 1; i <= 30; i++) await linux.symlink(String(i - 1), linuxPath(String(i)));
      expectEqual((await win.readFile(path('30'))).toString(), 'x', 'the content');
    },
  },
  {
    name: 'links in a circle are not resolved',
    rule: 'path_resolution(7): ELOOP',
    async run({ win, linux, path, linuxPath }) {
      await linux.symlink('b', linuxPath('a'));
      await linux.symlink('a', linuxPath('b'));
      expectStatus(await win.tryOpen(path('a')), status.REPARSE_POINT_NOT_RESOLVED, 'the link');
      expectStatus(await win.tryOpen(path('a\\x')), status.REPARSE_POINT_NOT_RESOLVED, 'below');
    },
  },
  {
    name: 'a link to a missing name is not found',
    rule: followRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.symlink('missing', linuxPath('link'));
      expectStatus(await win.tryOpen(path('link')), status.OBJECT_NAME_NOT_FOUND, 'the file');
      expectStatus(await win.tryOpen(path('link\\a')), status.OBJECT_PATH_NOT_FOUND, 'below');
    },
  },
  {
    name: 'OPEN_REPARSE_POINT opens the link itself, even if its target is missing',
    rule: 'FILE_OPEN_REPARSE_POINT',
    async run({ win, linux, path, linuxPath }) {
      await linux.symlink('missing', linuxPath('link'));
      const { fileAttributes, reparseTag: tag } = await win.stat(path('link'));
      expectTrue((fileAttributes & attribute.REPARSE_POINT) !== 0, 'REPARSE_POINT');
      expectEqual(tag, reparseTag.SYMLINK, 'the tag');
    },
  },
  {
    name: 'a link to a directory is a directory to Windows, and a link to a file is not',
    rule: 'CreateSymbolicLink: SYMBOLIC_LINK_FLAG_DIRECTORY',
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('d'));
      await linux.writeFile(linuxPath('file'), 'x');
      await linux.symlink('d', linuxPath('to-d'));
      await linux.symlink('file', linuxPath('to-file'));
      const { REPARSE_POINT, DIRECTORY } = attribute;
      const toDirectory = await win.stat(path('to-d'));
      expectEqual(toDirectory.fileAttributes, REPARSE_POINT | DIRECTORY, 'of a directory');
      expectEqual(toDirectory.reparseTag, reparseTag.SYMLINK, 'the tag');
      expectEqual((await win.stat(path('to-file'))).fileAttributes, REPARSE_POINT, 'of a file');
    },
  },
  {
    name: 'a link off the volume leads the I/O manager to its target',
    rule: 'WinFsp: STATUS_REPARSE with an absolute path',
    async run(scene) {
      const { win, path, linux, linuxPath } = scene;
      expectSuccess(await setReparse(scene, 'link', link('\\??\\C:\\Users\\x', false)), 'set');
      const answer = await win.open(path('link'));
      expectStatus(answer.status, status.REPARSE, 'the file');
      expectEqual(answer.reparse?.elsewhere, '\\??\\C:\\Users\\x', 'where to');
      const below = await win.open(path('link\\sub\\file'));
      expectEqual(below.reparse?.elsewhere, '\\??\\C:\\Users\\x\\sub\\file', 'below it');
      expectTrue((await linux.lstat(linuxPath('link'))).isSymbolicLink(), 'a link for Linux');
      const shown = decodeSymbolicLink(await getReparse(scene, 'link'));
      expectEqual(shown.substituteName, '\\??\\C:\\Users\\x', 'as it was set');
    },
  },
  {
    name: 'an absolute link to the drive itself becomes a link on the volume',
    rule: 'WinFsp: TargetOnFileSystem',
    async run(scene) {
      const { win, linux, linuxDir, path, linuxPath } = scene;
      await linux.writeFile(linuxPath('file'), 'x');
      const target = `\\??\\L:${scene.dir}\\file`;
      expectSuccess(await setReparse(scene, 'link', link(target, false)), 'set');
      expectEqual((await win.readFile(path('link'))).toString(), 'x', 'the content');
      expectEqual(await linux.readlink(linuxPath('link')), `${linuxDir}/file`, 'for Linux');
    },
  },
  {
    name: 'an empty directory becomes a link to a directory',
    rule: setRule,
    async run(scene) {
      await scene.linux.mkdir(scene.linuxPath('d'));
      await scene.linux.writeFile(scene.linuxPath('d/a'), 'x');
      expectSuccess(await setReparse(scene, 'link', link('d', true), true), 'set');
      expectEqual((await scene.win.readFile(scene.path('link\\a'))).toString(), 'x', 'through it');
      expectTrue((await scene.linux.lstat(scene.linuxPath('link'))).isSymbolicLink(), 'a link');
    },
  },
  {
    name: 'a directory that is not empty does not become a link',
    rule: `${setRule}: DIRECTORY_NOT_EMPTY`,
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      await win.makeFile(path('d\\a'));
      const handle = await win.mustOpen(path('d'), {
        access: rights,
        options: option.OPEN_REPARSE_POINT | option.DIRECTORY_FILE,
      });
      const answer = await handle.control(fsctl.SET_REPARSE_POINT, link('x', true));
      expectStatus(answer.status, status.DIRECTORY_NOT_EMPTY);
      await handle.close();
    },
  },
  {
    name: 'a handle stays usable after its file has become a link',
    rule: setRule,
    async run({ win, path, linux, linuxPath }) {
      const handle = await win.mustOpen(path('link'), {
        access: rights,
        disposition: disposition.CREATE,
        options: option.OPEN_REPARSE_POINT,
      });
      expectSuccess((await handle.control(fsctl.SET_REPARSE_POINT, link('x', true))).status, 'set');
      const { fileAttributes } = await handle.freshInfo();
      expectTrue((fileAttributes & attribute.REPARSE_POINT) !== 0, 'REPARSE_POINT');
      expectSuccess(await handle.rename(path('moved')), 'rename');
      expectSuccess(await handle.setDisposition(1), 'disposition');
      await handle.close();
      expectEqual(await linux.readdir(linuxPath('.')), [], 'what is left');
    },
  },
  {
    name: 'a link gets another target',
    rule: setRule,
    async run(scene) {
      await scene.linux.symlink('old', scene.linuxPath('link'));
      await scene.linux.lchown(scene.linuxPath('link'), 1000, 1000);
      const handle = await scene.win.mustOpen(scene.path('link'), { ...asLink, access: rights });
      const answer = await handle.control(fsctl.SET_REPARSE_POINT, link('new', true));
      expectSuccess(answer.status, 'set');
      await handle.close();
      expectEqual(await scene.linux.readlink(scene.linuxPath('link')), 'new', 'the target');
    },
  },
  {
    name: 'another tag on a link is IO_REPARSE_TAG_MISMATCH',
    rule: setRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.symlink('old', linuxPath('link'));
      const handle = await win.mustOpen(path('link'), { ...asLink, access: rights });
      const fifo = encodeReparse(reparseTag.LX_FIFO, Buffer.alloc(0));
      const answer = await handle.control(fsctl.SET_REPARSE_POINT, fifo);
      expectStatus(answer.status, status.IO_REPARSE_TAG_MISMATCH);
      await handle.close();
    },
  },
  {
    name: 'deleting the reparse point of a link leaves an empty file',
    rule: deleteRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.symlink('target', linuxPath('link'));
      await linux.lchown(linuxPath('link'), 1000, 1000);
      const handle = await win.mustOpen(path('link'), { ...asLink, access: rights });
      const input = encodeReparse(reparseTag.SYMLINK, Buffer.alloc(0));
      expectSuccess((await handle.control(fsctl.DELETE_REPARSE_POINT, input)).status, 'delete');
      await handle.close();
      const stats = await linux.lstat(linuxPath('link'));
      expectEqual([stats.isFile(), stats.size], [true, 0], 'an empty file');
    },
  },
  {
    name: 'deleting with another tag is IO_REPARSE_TAG_MISMATCH',
    rule: deleteRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.symlink('target', linuxPath('link'));
      const handle = await win.mustOpen(path('link'), { ...asLink, access: rights });
      const input = encodeReparse(reparseTag.LX_FIFO, Buffer.alloc(0));
      const answer = await handle.control(fsctl.DELETE_REPARSE_POINT, input);
      expectStatus(answer.status, status.IO_REPARSE_TAG_MISMATCH);
      await handle.close();
      expectEqual(await linux.readlink(linuxPath('link')), 'target', 'it is still there');
    },
  },
  {
    name: 'a plain file and a directory have no reparse point to get or delete',
    rule: getRule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      await win.makeDirectory(path('d'));
      for (const name of ['a', 'd']) {
        const handle = await win.mustOpen(path(name), { ...asLink, access: rights });
        const got = await handle.control(fsctl.GET_REPARSE_POINT);
        expectStatus(got.status, status.NOT_A_REPARSE_POINT, `get of ${name}`);
        const input = encodeReparse(reparseTag.SYMLINK, Buffer.alloc(0));
        const deleted = await handle.control(fsctl.DELETE_REPARSE_POINT, input);
        expectStatus(deleted.status, status.NOT_A_REPARSE_POINT, `delete of ${name}`);
        await handle.close();
      }
    },
  },
  {
    name: "a WSL link (LX_SYMLINK) makes Linux's own link",
    rule: 'MS-FSCC 2.1.2.1: IO_REPARSE_TAG_LX_SYMLINK',
    async run(scene) {
      const payload = Buffer.concat([Buffer.from([2, 0, 0, 0]), Buffer.from('../x y')]);
      const data = encodeReparse(reparseTag.LX_SYMLINK, payload);
      expectSuccess(await setReparse(scene, 'link', data), 'set');
      expectEqual(await scene.linux.readlink(scene.linuxPath('link')), '../x y', 'the target');
    },
  },
  {
    name: 'a WSL FIFO (LX_FIFO) makes a FIFO',
    rule: 'MS-FSCC 2.1.2.1: IO_REPARSE_TAG_LX_FIFO',
    async run(scene) {
      const data = encodeReparse(reparseTag.LX_FIFO, Buffer.alloc(0));
      expectSuccess(await setReparse(scene, 'fifo', data), 'set');
      expectTrue((await scene.linux.lstat(scene.linuxPath('fifo'))).isFIFO(), 'a FIFO');
    },
  },
  {
    name: 'a socket (AF_UNIX) is made, as Windows does when one is bound',
    rule: 'MS-FSCC 2.1.2.1: IO_REPARSE_TAG_AF_UNIX',
    async run(scene) {
      const data = encodeReparse(reparseTag.AF_UNIX, Buffer.alloc(0));
      expectSuccess(await setReparse(scene, 'socket', data), 'set');
      expectTrue((await scene.linux.lstat(scene.linuxPath('socket'))).isSocket(), 'a socket');
    },
  },
  {
    name: 'a create with reparse data makes the link in one step',
    rule: 'WinFsp with WslFeatures: EaIsReparsePoint',
    async run({ win, linux, path, linuxPath }) {
      const handle = await win.mustOpen(path('link'), {
        access: rights,
        disposition: disposition.CREATE,
        options: option.OPEN_REPARSE_POINT,
        reparseData: link('target', true),
      });
      await handle.close();
      expectEqual(await linux.readlink(linuxPath('link')), 'target', 'the target');
    },
  },
  {
    name: 'reparse data of another vendor is refused',
    rule: `${setRule}: a tag that cannot be kept`,
    async run(scene) {
      const data = Buffer.alloc(28, 1);
      data.writeUInt32LE(0x00001234, 0);
      data.writeUInt16LE(4, 4);
      const answer = await setReparse(scene, 'a', data);
      expectTrue(answer !== status.SUCCESS, 'it is refused');
      expectTrue((await scene.linux.lstat(scene.linuxPath('a'))).isFile(), 'a file still');
    },
  },
  {
    name: 'setting a reparse point without write rights is refused',
    rule: setRule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), asLink);
      const answer = await handle.control(fsctl.SET_REPARSE_POINT, link('x', true));
      expectStatus(answer.status, status.ACCESS_DENIED);
      await handle.close();
    },
  },
  {
    name: 'a link keeps its times when they are set',
    rule: 'utimensat(2): AT_SYMLINK_NOFOLLOW',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('file'), 'x');
      await linux.symlink('file', linuxPath('link'));
      await linux.lchown(linuxPath('link'), 1000, 1000);
      const handle = await win.mustOpen(path('link'), {
        ...asLink,
        access: access.READ_ATTRIBUTES | access.WRITE_ATTRIBUTES,
      });
      const lastWriteTime = 126_444_736_000_000_000n;
      expectSuccess(await handle.setBasic({ lastWriteTime }), 'set');
      expectEqual((await handle.freshInfo()).lastWriteTime, lastWriteTime, 'the link');
      await handle.close();
      expectTrue((await linux.stat(linuxPath('file'))).mtimeMs > 1.1e12, 'not the file');
    },
  },
];
