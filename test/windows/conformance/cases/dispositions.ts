/** The six dispositions on every kind of existing file, and their effects. */
import { type Case, expectEqual, expectStatus, expectTrue, type Scene } from '../case.ts';
import { access, attribute, created, disposition, option, share, status } from '../driver/nt.ts';

type Disposition = keyof typeof disposition;
type Target = 'missing' | 'file' | 'directory' | 'read-only file' | 'no parent' | 'file as parent';

const rule = 'MS-FSA 2.1.5.1 Server Requests an Open of a File';
const names: readonly Disposition[] = [
  'SUPERSEDE',
  'OPEN',
  'CREATE',
  'OPEN_IF',
  'OVERWRITE',
  'OVERWRITE_IF',
];

/** The status; for a success, what the create did. */
type Answer = keyof typeof created | keyof typeof status;

const answers: Readonly<Record<Target, readonly Answer[]>> = {
  missing: [
    'CREATED',
    'OBJECT_NAME_NOT_FOUND',
    'CREATED',
    'CREATED',
    'OBJECT_NAME_NOT_FOUND',
    'CREATED',
  ],
  file: ['SUPERSEDED', 'OPENED', 'OBJECT_NAME_COLLISION', 'OPENED', 'OVERWRITTEN', 'OVERWRITTEN'],
  directory: names.map(() => 'FILE_IS_A_DIRECTORY'),
  'read-only file': [
    'ACCESS_DENIED',
    'ACCESS_DENIED',
    'OBJECT_NAME_COLLISION',
    'ACCESS_DENIED',
    'ACCESS_DENIED',
    'ACCESS_DENIED',
  ],
  'no parent': names.map(() => 'OBJECT_PATH_NOT_FOUND'),
  'file as parent': names.map(() => 'NOT_A_DIRECTORY'),
};

async function prepare(scene: Scene, target: Target): Promise<string> {
  const { win } = scene;
  const path = scene.path('target');
  if (target === 'file') await win.makeFile(path, 'content');
  if (target === 'directory') await win.makeDirectory(path);
  if (target === 'read-only file') {
    await win.makeFile(path, 'content', { attributes: attribute.READONLY });
  }
  if (target === 'no parent') return `${path}\\child`;
  if (target === 'file as parent') {
    await win.makeFile(path, 'content');
    return `${path}\\child`;
  }
  return path;
}

const table: Case[] = (Object.keys(answers) as Target[]).flatMap((target) =>
  names.map((name, index): Case => {
    const expected = answers[target][index] as Answer;
    return {
      name: `${name} for writing, ${target}: ${expected}`,
      rule,
      async run(scene) {
        const path = await prepare(scene, target);
        const answer = await scene.win.open(path, {
          access: access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE,
          disposition: disposition[name],
          options: option.NON_DIRECTORY_FILE,
        });
        await answer.handle?.close();
        if (expected in created) {
          expectStatus(answer.status, status.SUCCESS);
          const wanted = created[expected as keyof typeof created];
          expectEqual(answer.information, wanted, 'what was done');
        } else expectStatus(answer.status, status[expected as keyof typeof status]);
        if (target === 'read-only file') {
          expectEqual((await scene.win.readFile(path)).toString(), 'content', 'the content');
        }
      },
    };
  }),
);

const directoryTable: Case[] = (
  [
    ['OPEN', 'missing', 'OBJECT_NAME_NOT_FOUND'],
    ['CREATE', 'missing', 'CREATED'],
    ['OPEN_IF', 'missing', 'CREATED'],
    ['OPEN', 'directory', 'OPENED'],
    ['CREATE', 'directory', 'OBJECT_NAME_COLLISION'],
    ['OPEN_IF', 'directory', 'OPENED'],
    ['OPEN', 'file', 'NOT_A_DIRECTORY'],
    ['CREATE', 'file', 'OBJECT_NAME_COLLISION'],
    ['OPEN_IF', 'file', 'NOT_A_DIRECTORY'],
    ['CREATE', 'no parent', 'OBJECT_PATH_NOT_FOUND'],
    ['CREATE', 'file as parent', 'NOT_A_DIRECTORY'],
  ] as const
).map(
  ([name, target, expected]): Case => ({
    name: `${name} of a directory, ${target}: ${expected}`,
    rule: 'MS-FSA 2.1.5.1 and FILE_DIRECTORY_FILE',
    async run(scene) {
      const path = await prepare(scene, target);
      const answer = await scene.win.open(path, {
        disposition: disposition[name],
        options: option.DIRECTORY_FILE,
      });
      await answer.handle?.close();
      if (expected in created) {
        expectStatus(answer.status, status.SUCCESS);
        const wanted = created[expected as keyof typeof created];
        expectEqual(answer.information, wanted, 'what was done');
        expectTrue(
          (await scene.linux.stat(scene.linuxPath('target'))).isDirectory(),
          'a directory',
        );
      } else expectStatus(answer.status, status[expected as keyof typeof status]);
    },
  }),
);

const effects: Case[] = [
  {
    name: 'OVERWRITE empties the file and keeps the inode',
    rule: 'MS-FSA 2.1.5.1.2.1, FILE_OVERWRITE',
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), 'old content');
      const before = await linux.stat(linuxPath('a'));
      const handle = await win.mustOpen(path('a'), {
        access: access.FILE_GENERIC_WRITE,
        disposition: disposition.OVERWRITE,
      });
      await handle.close();
      const after = await linux.stat(linuxPath('a'));
      expectEqual([after.size, after.ino], [0, before.ino], 'size and inode');
    },
  },
  {
    name: 'SUPERSEDE empties the file and keeps its other names',
    rule: 'MS-FSA 2.1.5.1.2.1, FILE_SUPERSEDE',
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), 'old content');
      await linux.link(linuxPath('a'), linuxPath('b'));
      const handle = await win.mustOpen(path('a'), {
        access: access.FILE_GENERIC_WRITE | access.DELETE,
        disposition: disposition.SUPERSEDE,
      });
      await handle.write(0, 'new');
      await handle.close();
      expectEqual((await linux.readFile(linuxPath('b'))).toString(), 'new', 'the other name');
    },
  },
  {
    name: 'OVERWRITE adds attributes and sets ARCHIVE',
    rule: 'MS-FSA 2.1.5.1.2.1: attributes of an overwritten file',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x', { attributes: attribute.NOT_CONTENT_INDEXED });
      const handle = await win.mustOpen(path('a'), {
        access: access.FILE_GENERIC_WRITE,
        disposition: disposition.OVERWRITE,
        attributes: attribute.HIDDEN,
      });
      await handle.close();
      const { fileAttributes } = await win.stat(path('a'));
      expectTrue((fileAttributes & attribute.HIDDEN) !== 0, 'HIDDEN was added');
      expectTrue((fileAttributes & attribute.ARCHIVE) !== 0, 'ARCHIVE is set');
    },
  },
  {
    name: 'SUPERSEDE replaces attributes',
    rule: 'MS-FSA 2.1.5.1.2.1: attributes of a superseded file',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x', { attributes: attribute.NOT_CONTENT_INDEXED });
      const handle = await win.mustOpen(path('a'), {
        access: access.FILE_GENERIC_WRITE | access.DELETE,
        disposition: disposition.SUPERSEDE,
        attributes: attribute.HIDDEN,
      });
      await handle.close();
      const { fileAttributes } = await win.stat(path('a'));
      expectTrue((fileAttributes & attribute.HIDDEN) !== 0, 'HIDDEN is set');
      expectEqual(fileAttributes & attribute.NOT_CONTENT_INDEXED, 0, 'the old one');
    },
  },
  {
    name: 'OVERWRITE of a hidden file without HIDDEN is refused, and changes nothing',
    rule: 'MS-FSA 2.1.5.1.2.1: HIDDEN and SYSTEM must be named again',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'kept', { attributes: attribute.HIDDEN });
      const answer = await win.tryOpen(path('a'), {
        access: access.FILE_GENERIC_WRITE,
        disposition: disposition.OVERWRITE,
      });
      expectStatus(answer, status.ACCESS_DENIED);
      expectEqual((await win.readFile(path('a'))).toString(), 'kept', 'the content');
    },
  },
  {
    name: 'an OVERWRITE that the share check refuses changes nothing',
    rule: 'MS-FSA 2.1.5.1.2.2 Algorithm to Check Sharing Access',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'kept');
      const reader = await win.mustOpen(path('a'), { share: share.READ });
      const answer = await win.tryOpen(path('a'), {
        access: access.FILE_GENERIC_READ,
        disposition: disposition.OVERWRITE_IF,
      });
      expectStatus(answer, status.SHARING_VIOLATION);
      expectEqual((await reader.readAll()).toString(), 'kept', 'the content');
      await reader.close();
    },
  },
  {
    name: 'OVERWRITE of a file with two names is seen under both',
    rule: 'Linux link(2): two names of one inode',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'old');
      await linux.link(linuxPath('a'), linuxPath('b'));
      await linux.chown(linuxPath('a'), 1000, 1000);
      const answer = await win.tryOpen(path('b'), {
        access: access.FILE_GENERIC_WRITE,
        disposition: disposition.OVERWRITE,
      });
      expectStatus(answer, status.SUCCESS);
      expectEqual((await linux.stat(linuxPath('a'))).size, 0, 'the size under the other name');
    },
  },
  {
    name: 'OVERWRITE sets the time of the last write',
    rule: 'MS-FSA 2.1.5.1.2.1: LastModificationTime of an overwritten file',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'old');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.utimes(linuxPath('a'), 1000, 1000);
      const handle = await win.mustOpen(path('a'), {
        access: access.FILE_GENERIC_WRITE,
        disposition: disposition.OVERWRITE,
      });
      await handle.close();
      expectTrue((await linux.stat(linuxPath('a'))).mtimeMs > 1e12, 'the time is of now');
    },
  },
  {
    name: 'a second OPEN of the same name sees what the first has written',
    rule: 'ReadFile and WriteFile: coherent between handles',
    async run({ win, path }) {
      const first = await win.mustOpen(path('a'), {
        access: access.FILE_GENERIC_WRITE,
        disposition: disposition.CREATE,
      });
      await first.write(0, 'shared');
      expectEqual((await win.readFile(path('a'))).toString(), 'shared', 'the content');
      await first.close();
    },
  },
  {
    name: 'eight CREATEs of one name at once: one makes it, seven collide',
    rule: 'MS-FSA 2.1.5.1.1 Creation of a New File: it is atomic',
    async run({ win, path }) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () =>
          win.tryOpen(path('a'), {
            access: access.FILE_GENERIC_WRITE,
            disposition: disposition.CREATE,
          }),
        ),
      );
      const made = answers.filter((answer) => answer === status.SUCCESS).length;
      const refused = answers.filter((answer) => answer === status.OBJECT_NAME_COLLISION).length;
      expectEqual([made, refused], [1, 7], 'made and refused');
    },
  },
  {
    name: 'eight OPEN_IFs of one name at once: one CREATED, seven OPENED',
    rule: 'MS-FSA 2.1.5.1.1 Creation of a New File: it is atomic',
    async run({ win, path }) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const answer = await win.open(path('a'), {
            access: access.FILE_GENERIC_WRITE,
            disposition: disposition.OPEN_IF,
          });
          await answer.handle?.close();
          return answer.information;
        }),
      );
      const made = answers.filter((answer) => answer === created.CREATED).length;
      const opened = answers.filter((answer) => answer === created.OPENED).length;
      expectEqual([made, opened], [1, 7], 'created and opened');
    },
  },
];

export const dispositions: readonly Case[] = [...table, ...directoryTable, ...effects];
