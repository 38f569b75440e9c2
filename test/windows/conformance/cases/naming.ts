/** Names: which ones Windows and Linux allow, and how each sees the other's. */
import { type Case, expectEqual, expectStatus, expectTrue } from '../case.ts';
import { access, disposition, option, status } from '../driver/nt.ts';
import { expectSuccess } from '../driver/program.ts';

const make = { access: access.FILE_GENERIC_WRITE, disposition: disposition.CREATE };
const sign = (char: string): string => String.fromCharCode(0xf000 + char.charCodeAt(0));
const reservedRule = 'WSL, Cygwin, SFM: reserved characters are U+F000 + c';
const bytesRule = 'Linux names are bytes; a name that is not UTF-8 stays reachable';

/** A Linux name, and the name by which Windows lists and opens it. */
const linuxNames: readonly (readonly [string, string | Buffer, string])[] = [
  ...[...'<>:"|?*\\'].map((char): readonly [string, string, string] => [
    `with ${char}`,
    `a${char}b`,
    `a${sign(char)}b`,
  ]),
  ['with a control character', 'a\x01b', 'a\uf001b'],
  ['with a newline', 'a\nb', 'a\uf00ab'],
  ['with a trailing dot', 'name.', 'name\uf02e'],
  ['with a trailing space', 'name ', 'name\uf020'],
  ['with three trailing dots', 'name...', 'name..\uf02e'],
  ['of a device: CON', 'CON', 'CO\uf04e'],
  ['of a device with an extension: nul.txt', 'nul.txt', 'nu\uf06c.txt'],
  ['of a port: COM1', 'COM1', 'CO\uf04d1'],
  ['that is Latin-1: caf\\xe9', Buffer.from([0x63, 0x61, 0x66, 0xe9]), 'caf\uf0e9'],
  ['that is a lone 0xff', Buffer.from([0xff]), '\uf0ff'],
];

const linuxTable: Case[] = linuxNames.map(
  ([what, linuxName, windowsName]): Case => ({
    name: `a Linux name ${what} is listed, opened, and made anew`,
    rule: typeof linuxName === 'string' ? reservedRule : bytesRule,
    async run({ win, linux, dir, path, linuxDir }) {
      const full = Buffer.concat([Buffer.from(`${linuxDir}/`), Buffer.from(linuxName)]);
      await linux.writeFile(full, 'x');
      await linux.chown(full, 1000, 1000);
      expectEqual(await win.list(dir), [windowsName], 'the listing');
      expectEqual((await win.readFile(path(windowsName))).toString(), 'x', 'the content');
      expectSuccess(await win.remove(path(windowsName)), 'remove');
      await win.makeFile(path(windowsName), 'made by Windows');
      expectEqual((await linux.readFile(full)).toString(), 'made by Windows', 'for Linux');
    },
  }),
);

/** Names that are the same on both sides. */
const plainNames = [
  'plain.txt',
  '.hidden',
  '..two dots',
  'UPPER lower',
  'ünïcödé',
  '日本語.txt',
  'emoji 😀',
  "it's (a) [name] {with} ~!@#$%^&()_+-=,;.x",
  'x'.repeat(255),
  'ü'.repeat(127),
];
const plainTable: Case[] = plainNames.map(
  (name): Case => ({
    name: `the name ${name.length > 40 ? `${name.slice(0, 3)}… of ${name.length}` : name}`,
    rule: 'Linux names are UTF-8 where they are text',
    async run({ win, linux, dir, path, linuxDir, linuxPath }) {
      await win.makeFile(path(name), 'x');
      expectEqual(await linux.readdir(linuxDir), [name], 'for Linux');
      expectEqual(await win.list(dir), [name], 'for Windows');
      expectEqual((await linux.readFile(linuxPath(name))).toString(), 'x', 'the content');
    },
  }),
);

/** Names that the driver accepts and Linux cannot have. */
const refused: readonly (readonly [string, string, number])[] = [
  ['of 256 bytes in UTF-8', 'ü'.repeat(128), status.OBJECT_NAME_INVALID],
  ['of 86 euro signs', '€'.repeat(86), status.OBJECT_NAME_INVALID],
  ['of 256 units', 'x'.repeat(256), status.OBJECT_NAME_INVALID],
  ['with a reserved character', 'a*b', status.OBJECT_NAME_INVALID],
  ['with a trailing dot', 'name.', status.OBJECT_NAME_INVALID],
  ['with a trailing space', 'name ', status.OBJECT_NAME_INVALID],
  ['that is ..', '..', status.OBJECT_NAME_INVALID],
  ['that is .', '.', status.OBJECT_NAME_INVALID],
];
const refusedTable: Case[] = refused.map(
  ([what, name, expected]): Case => ({
    name: `a new name ${what} is refused`,
    rule: 'MS-FSA 2.1.5.1: OBJECT_NAME_INVALID',
    async run({ win, dir, path }) {
      expectStatus(await win.tryOpen(path(name), make), expected);
      expectEqual(await win.list(dir), [], 'nothing was made');
    },
  }),
);

export const naming: readonly Case[] = [
  ...linuxTable,
  ...plainTable,
  ...refusedTable,
  {
    name: 'names that differ in case alone are different files',
    rule: 'FILE_CASE_SENSITIVE_SEARCH',
    async run({ win, path }) {
      await win.makeFile(path('name'), 'lower');
      await win.makeFile(path('NAME'), 'upper');
      expectEqual((await win.readFile(path('name'))).toString(), 'lower', 'one');
      expectEqual((await win.readFile(path('NAME'))).toString(), 'upper', 'the other');
      expectStatus(await win.tryOpen(path('Name')), status.OBJECT_NAME_NOT_FOUND, 'a third');
    },
  },
  {
    name: 'a hundred names of random bytes are all listed, unlike, and opened',
    rule: bytesRule,
    async run({ win, linux, dir, path, linuxDir }) {
      let state = 12345;
      const random = (limit: number): number => {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        return (state >>> 8) % limit;
      };
      const wanted = new Set<string>();
      for (let index = 0; index < 100; index++) {
        const bytes = Buffer.from(Array.from({ length: 1 + random(40) }, () => 1 + random(255)));
        for (let at = 0; at < bytes.length; at++) if (bytes[at] === 0x2f) bytes[at] = 0x41;
        const text = bytes.toString('latin1');
        if (text === '.' || text === '..' || wanted.has(text)) continue;
        wanted.add(text);
        await linux.writeFile(Buffer.concat([Buffer.from(`${linuxDir}/`), bytes]), text);
      }
      const names = await win.list(dir);
      expectEqual(new Set(names).size, wanted.size, 'the names');
      const contents = new Set<string>();
      for (const name of names) contents.add((await win.readFile(path(name))).toString());
      expectEqual(contents.size, wanted.size, 'the files behind them');
    },
  },
  {
    name: 'a path through directories with odd names',
    rule: reservedRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.mkdir(linuxPath('a:b/c?d'), { recursive: true });
      await linux.writeFile(linuxPath('a:b/c?d/e.'), 'x');
      const name = path(`a${sign(':')}b\\c${sign('?')}d\\e${sign('.')}`);
      expectEqual((await win.readFile(name)).toString(), 'x', 'the content');
    },
  },
  {
    name: 'a component that is too long for Linux, in the middle of a path',
    rule: 'MS-FSA 2.1.5.1: OBJECT_NAME_INVALID',
    async run({ win, path }) {
      const answer = await win.tryOpen(path(`${'€'.repeat(100)}\\a`));
      expectStatus(answer, status.OBJECT_NAME_INVALID);
    },
  },
  {
    name: 'desktop.ini and similar names are not found until they are made',
    rule: 'Explorer looks for them in every directory',
    async run({ win, path }) {
      for (const name of ['desktop.ini', 'autorun.inf', 'Thumbs.db']) {
        for (let times = 0; times < 3; times++) {
          expectStatus(await win.tryOpen(path(name)), status.OBJECT_NAME_NOT_FOUND, name);
        }
        await win.makeFile(path(name), name);
        expectEqual((await win.readFile(path(name))).toString(), name, 'the content');
        expectSuccess(await win.remove(path(name)), 'remove');
        expectStatus(await win.tryOpen(path(name)), status.OBJECT_NAME_NOT_FOUND, 'removed');
      }
    },
  },
  {
    name: 'a name that was not found is found after a rename to it',
    rule: 'MS-FSA 2.1.5.15.11 FileRenameInformation',
    async run({ win, path }) {
      expectStatus(await win.tryOpen(path('desktop.ini')), status.OBJECT_NAME_NOT_FOUND);
      await win.makeFile(path('a'), 'x');
      expectSuccess(await win.move(path('a'), path('desktop.ini')), 'rename');
      expectEqual((await win.readFile(path('desktop.ini'))).toString(), 'x', 'the content');
    },
  },
  {
    name: 'a path that was not found is found when a directory is renamed into its place',
    rule: 'MS-FSA 2.1.5.15.11 FileRenameInformation',
    async run({ win, path }) {
      expectStatus(await win.tryOpen(path('d\\a')), status.OBJECT_PATH_NOT_FOUND);
      await win.makeDirectory(path('e'));
      await win.makeFile(path('e\\a'), 'x');
      expectSuccess(await win.move(path('e'), path('d')), 'rename');
      expectEqual((await win.readFile(path('d\\a'))).toString(), 'x', 'the content');
    },
  },
];

const insensitiveRule = 'FILE_CASE_PRESERVED_NAMES without FILE_CASE_SENSITIVE_SEARCH';

const insensitiveCases: readonly Omit<Case, 'on'>[] = [
  {
    name: 'another case opens the file, and the name keeps its case',
    rule: insensitiveRule,
    async run({ win, dir, path }) {
      await win.makeFile(path('ReadMe.TXT'), 'x');
      expectEqual((await win.readFile(path('readme.txt'))).toString(), 'x', 'the content');
      expectEqual(await win.list(dir), ['ReadMe.TXT'], 'the listing');
    },
  },
  {
    name: 'the answer to Create has the name in the directory’s case',
    rule: 'WinFsp: FileName of the answer to Create',
    async run({ win, path }) {
      await win.makeDirectory(path('folder'));
      await win.makeFile(path('folder\\ReadMe.TXT'));
      const handle = await win.mustOpen(path('folder\\README.txt'));
      expectEqual(handle.file.node.name, path('folder\\ReadMe.TXT'), 'the normalized name');
      await handle.close();
    },
  },
  {
    name: 'a CREATE in another case collides',
    rule: insensitiveRule,
    async run({ win, path }) {
      await win.makeFile(path('name'));
      expectStatus(await win.tryOpen(path('NAME'), make), status.OBJECT_NAME_COLLISION);
    },
  },
  {
    name: 'a directory within a path may be named in another case',
    rule: insensitiveRule,
    async run({ win, path }) {
      await win.makeDirectory(path('Dir'));
      await win.makeFile(path('Dir\\a'), 'x');
      expectEqual((await win.readFile(path('dIR\\A'))).toString(), 'x', 'the content');
    },
  },
  {
    name: 'two names that differ in case alone are both listed, and each can be opened',
    rule: 'Linux names that are equal to Windows stay reachable and distinguishable',
    async run({ win, linux, dir, path, linuxPath }) {
      await linux.writeFile(linuxPath('name'), 'lower');
      await linux.writeFile(linuxPath('NAME'), 'upper');
      const names = await win.list(dir);
      expectEqual(names.length, 2, 'names');
      const folded = new Set(names.map((name) => name.toUpperCase()));
      expectEqual(folded.size, 2, 'names that Windows tells apart');
      const contents: string[] = [];
      for (const name of names) contents.push((await win.readFile(path(name))).toString());
      expectEqual(contents.sort(), ['lower', 'upper'], 'the contents');
    },
  },
  {
    name: 'of three names that differ in case alone, the next gets the name of one that is removed',
    rule: 'Linux names that are equal to Windows stay reachable and distinguishable',
    async run({ win, linux, dir, path, linuxPath }) {
      const names = ['Same.txt', 'same.txt', 'SAME.TXT'];
      for (const name of names) {
        await linux.writeFile(linuxPath(name), name);
        await linux.chown(linuxPath(name), 1000, 1000);
      }
      const listed = await win.list(dir);
      const contents: string[] = [];
      for (const name of listed) contents.push((await win.readFile(path(name))).toString());
      expectEqual(contents.sort(), [...names].sort(), 'the contents');
      expectSuccess(await win.remove(path('SAME.TXT')), 'remove');
      expectEqual((await win.readFile(path('same.TXT'))).toString(), 'Same.txt', 'the next');
      expectEqual((await win.list(dir)).length, 2, 'names that are left');
    },
  },
  {
    name: 'a rename in case alone changes the case on the disk',
    rule: 'MS-FSA 2.1.5.15.11 FileRenameInformation',
    async run({ win, linux, path, linuxDir }) {
      await win.makeFile(path('name'), 'x');
      expectSuccess(await win.move(path('name'), path('Name')), 'rename');
      expectEqual(await linux.readdir(linuxDir), ['Name'], 'the names');
      expectEqual((await win.readFile(path('NAME'))).toString(), 'x', 'the content');
    },
  },
  {
    name: 'a rename in another case onto another file is OBJECT_NAME_COLLISION',
    rule: 'MS-FSA 2.1.5.15.11 FileRenameInformation',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'a');
      await win.makeFile(path('Target'), 't');
      expectStatus(await win.move(path('a'), path('TARGET')), status.OBJECT_NAME_COLLISION);
    },
  },
  {
    name: 'a rename with REPLACE onto another case leaves one file',
    rule: 'MS-FSA 2.1.5.15.11 FileRenameInformation',
    async run({ win, linux, path, linuxDir, linuxPath }) {
      await win.makeFile(path('a'), 'a');
      await win.makeFile(path('Target'), 't');
      expectSuccess(await win.move(path('a'), path('TARGET'), 1), 'rename');
      const names = await linux.readdir(linuxDir);
      expectEqual(names.length, 1, 'names');
      expectEqual((await linux.readFile(linuxPath(names[0] as string))).toString(), 'a', 'content');
    },
  },
  {
    name: 'a refused rename leaves the target’s name as it was',
    rule: 'MS-FSA 2.1.5.15.11 FileRenameInformation',
    async run({ win, linux, path, linuxDir }) {
      await win.makeDirectory(path('source'));
      await win.makeDirectory(path('Target'));
      await win.makeFile(path('Target\\a'), 'x');
      const answer = await win.move(path('source'), path('TARGET'), 3, true);
      expectStatus(answer, status.DIRECTORY_NOT_EMPTY);
      expectEqual((await linux.readdir(linuxDir)).sort(), ['Target', 'source'], 'the names');
      expectEqual((await win.readFile(path('target\\A'))).toString(), 'x', 'what is in it');
    },
  },
  {
    name: 'what is renamed into a directory is known by the directory’s name in its own case',
    rule: 'WinFsp sys/create.c, "handle normalized names"; sys/fileinfo.c: the new name',
    async run({ win, dir, path }) {
      await win.makeDirectory(path('Folder'));
      await win.makeFile(path('file'), 'x');
      const handle = await win.mustOpen(path('file'), { access: access.DELETE });
      expectSuccess(await handle.rename(path('folder\\New.txt')), 'into a folder');
      expectEqual(handle.file.node.name, `${dir}\\Folder\\New.txt`, 'in a folder');
      const inRoot = `\\${dir.slice(1)}-New.txt`;
      expectSuccess(await handle.rename(inRoot), 'into the root');
      expectEqual(handle.file.node.name, inRoot, 'in the root');
      await handle.close();
      expectSuccess(await win.remove(inRoot), 'remove');
    },
  },
  {
    name: 'a rename into a directory whose name has the length of the new name',
    rule: 'WinFsp: FileName of a target directory is the directory’s own',
    async run({ win, path }) {
      await win.makeDirectory(path('Long'));
      await win.makeFile(path('file'), 'x');
      expectSuccess(await win.move(path('file'), path('LONG\\name')), 'rename');
      expectEqual((await win.readFile(path('Long\\NAME'))).toString(), 'x', 'the content');
    },
  },
  {
    name: 'a delete in another case deletes',
    rule: insensitiveRule,
    async run({ win, linux, path, linuxDir }) {
      await win.makeFile(path('Name'));
      expectSuccess(await win.remove(path('nAME')), 'remove');
      expectEqual(await linux.readdir(linuxDir), [], 'the names');
      expectStatus(await win.tryOpen(path('Name')), status.OBJECT_NAME_NOT_FOUND, 'afterwards');
    },
  },
  {
    name: 'letters beyond ASCII are folded too',
    rule: 'NTFS: $UpCase',
    async run({ win, path }) {
      await win.makeFile(path('ÄÖÜ-éß'), 'x');
      expectEqual((await win.readFile(path('äöü-Éß'))).toString(), 'x', 'the content');
    },
  },
  {
    name: 'a pattern matches in any case',
    rule: 'FsRtlIsNameInExpression with IgnoreCase',
    async run({ win, dir, path }) {
      await win.makeFile(path('One.TXT'));
      await win.makeFile(path('two.txt'));
      await win.makeFile(path('three.doc'));
      const names = await win.list(dir, '*.TXT');
      expectEqual(names.sort(), ['One.TXT', 'two.txt'], 'the names');
    },
  },
  {
    name: 'a single name is found in another case, and listed in the directory’s',
    rule: 'NtQueryDirectoryFile with a name without wildcards',
    async run({ win, dir, path }) {
      await win.makeFile(path('ReadMe'));
      await win.makeFile(path('other'));
      expectEqual(await win.list(dir, 'README'), ['ReadMe'], 'the names');
    },
  },
  {
    name: 'two handles opened in two cases have one file and its share modes',
    rule: 'WinFsp: names are compared in upper case',
    async run({ win, path }) {
      await win.makeFile(path('name'), 'x');
      const first = await win.mustOpen(path('NAME'), { share: 0 });
      expectStatus(await win.tryOpen(path('name')), status.SHARING_VIOLATION);
      await first.close();
    },
  },
  {
    name: 'a thousand names in one directory are found in another case',
    rule: insensitiveRule,
    async run({ win, linux, path, linuxPath }) {
      for (let i = 0; i < 1000; i++) await linux.writeFile(linuxPath(`File-${i}`), '');
      for (let i = 0; i < 1000; i += 50) {
        const wish = { access: access.READ_ATTRIBUTES, options: option.NON_DIRECTORY_FILE };
        expectStatus(await win.tryOpen(path(`fILE-${i}`), wish), status.SUCCESS, String(i));
      }
      expectTrue(
        (await win.tryOpen(path('fILE-1000'))) === status.OBJECT_NAME_NOT_FOUND,
        'one that is not there',
      );
    },
  },
];

export const caseInsensitive: readonly Case[] = insensitiveCases.map((one) => ({
  ...one,
  name: `case-insensitive: ${one.name}`,
  on: 'insensitive',
}));
