/** rename with its flags and link, from every kind of path to every kind of path. */
import { errnoName, flags, linux } from '../../../support/native/fuse-libc.ts';
import { makeZoo } from './paths.ts';
import { as, inFolder, namesIn, Transcript, text, type User } from './transcript.ts';

const paths: readonly string[] = [
  ...['missing', 'file', 'mine', 'dir', 'empty', 'dir-mine', 'to-mine', 'to-dir', 'loop', 'fifo'],
  ...['dir/inner', 'private/inner', 'sticky/mine', 'sticky/other', 'sticky/missing', 'file/x'],
  ...['missing/', 'empty/', 'empty/x', '.', 'dir/..', 'n'.repeat(256), 'fixed/inner'],
];

interface Call {
  readonly name: string;
  readonly run: (from: string, to: string) => number;
}

const calls: readonly Call[] = [
  { name: 'rename', run: (from, to) => linux.rename(from, to) },
  {
    name: 'rename noreplace',
    run: (from, to) => linux.rename(from, to, flags.RENAME_NOREPLACE),
  },
  { name: 'rename exchange', run: (from, to) => linux.rename(from, to, flags.RENAME_EXCHANGE) },
  { name: 'link', run: (from, to) => linux.link(from, to) },
  { name: 'link following', run: (from, to) => linux.link(from, to, flags.AT_SYMLINK_FOLLOW) },
];

export function twoPaths(root: string): void {
  for (const { name, run } of calls) {
    for (const user of ['root', 'owner'] as const satisfies readonly User[]) {
      const transcript = new Transcript(`${name} by ${user} of `);
      const left = paths.flatMap((from) => paths.map((to) => [from, to] as const));
      while (left.length > 0) {
        inFolder(root, () => {
          makeZoo();
          for (let pair = left.shift(); pair !== undefined; pair = left.shift()) {
            const [from, to] = pair;
            as(user);
            const answer = run(from, to);
            as('root');
            const what = `${text(from)} to ${text(to)}`;
            transcript.say(what, answer < 0 ? errnoName(answer) : 'done');
            if (answer < 0) continue;
            transcript.stat(from);
            transcript.stat(to);
            transcript.say('names', `${namesIn('.')} | ${namesIn('sticky')} | ${namesIn('dir')}`);
            return;
          }
        });
      }
    }
  }
}
