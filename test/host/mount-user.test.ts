/**
 * An ordinary user mounts an image of their own, through fusermount3, and unmounts it. The test
 * runs in a mount namespace, because on some machines users may not open the device, and because
 * Node or this project may lie in a folder that only root may enter.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';
import { fsckVerdict } from '../support/images/fsck.ts';
import { noFuse, onPath } from '../support/native/fuse-scene.ts';
import { testUnless } from '../support/needs.ts';
import { mustRun, run } from '../support/run-program.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const nobody = 65534;
const programs = ['fusermount3', 'unshare', 'setpriv', 'mkfs.ext4'];
const missing = programs.filter((program) => !onPath(program) && !existsSync(`/sbin/${program}`));
const notInstalled = missing.length === 0 ? undefined : `${missing.join(', ')}: not installed`;
const why = noFuse ?? notInstalled;

let folder: string;

/** The user may not open the device: the error says what to do. */
const refused = `
! "$FOLDER/node" "$FOLDER/project/src/cli/main.ts" mount "$FOLDER/disk.img" "$FOLDER/mnt" 2>&1
`;

/** The user's part: the user may use $FOLDER/node, $FOLDER/project and $FOLDER/disk.img. */
const session = `
fsbridge() { "$FOLDER/node" "$FOLDER/project/src/cli/main.ts" "$@"; }
until_gone() { while fsbridge status | grep -q "$FOLDER"; do sleep 0.1; done; }
fsbridge mount "$FOLDER/disk.img" "$FOLDER/mnt" --rw
echo 'by a user' > "$FOLDER/mnt/note"
stat -c '%U %a' "$FOLDER/mnt/note"
fusermount3 -u "$FOLDER/mnt"
until_gone
fsbridge mount "$FOLDER/disk.img" "$FOLDER/mnt"
cat "$FOLDER/mnt/note"
fsbridge umount "$FOLDER/mnt"
ls "$FOLDER/mnt" | wc -l
`;

/** Root ends the user's mount: only the host's own means count, and the message says whose it is. */
const ended = `
fsbridge() { "$FOLDER/node" "$FOLDER/project/src/cli/main.ts" "$@"; }
fsbridge umount "$FOLDER/mnt" 2>&1 | grep -c 'the mount of another user, nobody (65534)'
grep -c "$FOLDER/mnt" /proc/self/mountinfo || true
`;

/** Root's part: prepares the namespace, and becomes the user. */
const world = `
mount --bind "$NODE" "$FOLDER/node"
mount --bind "$PROJECT" "$FOLDER/project"
mount --bind "$FOLDER/fuse" /dev/fuse
as_user() { setpriv --reuid ${nobody} --regid ${nobody} --clear-groups sh -ec "$1"; }
chmod 600 "$FOLDER/fuse"
as_user "$REFUSED" | grep -c -e ERR_FUSERMOUNT -e 'chmod 666 /dev/fuse'
chmod 666 "$FOLDER/fuse"
as_user "$SESSION"
as_user '"$FOLDER/node" "$FOLDER/project/src/cli/main.ts" mount "$FOLDER/disk.img" "$FOLDER/mnt"'
sh -ec "$ENDED"
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fsbridge-user-'));
  await chmod(folder, 0o755);
  for (const name of ['project', 'mnt', 'home']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'node'), '');
  if (why !== undefined) return;
  await mustRun(['mknod', join(folder, 'fuse'), 'c', '10', '229']);
  const image = join(folder, 'disk.img');
  const owner = `root_owner=${nobody}:${nobody}`;
  await mustRun(['mkfs.ext4', '-q', '-E', owner, image, '64M']);
  const owned = ['mnt', 'home', 'disk.img'].map((name) => join(folder, name));
  await mustRun(['chown', `${nobody}:${nobody}`, ...owned]);
});

// The last process writes its compiled code into the user's home when it ends.
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));

testUnless(why)(
  'a user mounts, writes, and unmounts with fusermount3 and with fsbridge; root unmounts it too',
  async () => {
    const env = {
      ...{ FOLDER: folder, NODE: process.execPath, PROJECT: project },
      ...{ REFUSED: refused, SESSION: session, ENDED: ended },
      ...{ HOME: join(folder, 'home'), PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' },
    };
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const argv = ['env', '-i', ...variables, 'unshare', '-m', 'sh', '-ec', world];
    const { status, stdout, stderr } = await run(argv);
    expect(status, stderr.toString()).toBe(0);
    expect(stdout.toString().trim().split('\n')).toEqual([
      '2',
      'nobody 644',
      'by a user',
      '0',
      '1',
      '0',
    ]);
    const { clean, output } = await fsckVerdict(join(folder, 'disk.img'), 'ext4');
    expect(clean, output).toBe(true);
  },
);
