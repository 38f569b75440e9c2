/**
 * Lets a test see an image with the eyes of this machine's own kernel: loop device, mount(2),
 * manifest.
 *
 * Invariants:
 * 1. Only file systems of the kernel itself count, never FUSE: that would compare two
 *    re-implementations with each other.
 * 2. Whatever happens inside, the mount, the loop device and the temporary folder are gone after.
 * 3. `nativeManifest` never changes a byte of the image: it mounts a sparse copy, because even a
 *    read-only mount replays a dirty journal. `withNativeMount` mounts the image itself.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FsBridgeError } from '../../../src/errors.ts';
import { mustRun, run } from '../run-program.ts';

/** Whether this process may mount: everything here but `nativeManifest` of a folder needs it. */
export const isRoot: boolean = process.getuid?.() === 0;

export interface NativeMountOptions {
  /** The kernel's name of the file system, as in /proc/filesystems. */
  readonly type: string;
  /** What mount(2) gets as data, e.g. 'compress-force=zstd'. */
  readonly options?: string;
  /** Mount with MS_RDONLY. The loop device stays writable, so that a journal can be replayed. */
  readonly readOnly?: boolean;
}

export interface ManifestOptions {
  /** Adds sha256 of every regular file. */
  readonly hash?: boolean;
  /** Files larger than this are not hashed. */
  readonly hashLimitBytes?: number;
}

/** One line of a manifest; test/support/native/native-manifest.py says what each field means. */
export interface ManifestEntry {
  readonly path?: string;
  readonly path64?: string;
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly nlink?: number;
  readonly size?: number;
  readonly mtime?: string;
  readonly rdev?: readonly [number, number];
  readonly target?: string;
  readonly target64?: string;
  readonly xattrs?: Readonly<Record<string, string>>;
  readonly sha256?: string;
  readonly error?: string;
}

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Two mounts of one XFS (an image and its copy) need it: XFS refuses a UUID it knows already. */
const ALWAYS: Readonly<Record<string, string>> = { xfs: 'nouuid' };

const known = new Map<string, boolean>();

function listedByKernel(type: string): boolean {
  const rows = readFileSync('/proc/filesystems', 'utf8').split('\n');
  return rows.some((row) => row.trim() === type);
}

/**
 * Whether this kernel mounts a block device with this file system, after asking modprobe for it.
 */
export async function nativeMounts(type: string): Promise<boolean> {
  const before = known.get(type);
  if (before !== undefined) return before;
  if (!listedByKernel(type)) await run(['modprobe', '-q', type]).catch(() => undefined);
  const answer = listedByKernel(type);
  known.set(type, answer);
  return answer;
}

async function tryMount(device: string, folder: string, wish: NativeMountOptions): Promise<string> {
  const flags = wish.readOnly === true ? 'ro' : '-';
  const data = [ALWAYS[wish.type], wish.options].filter((part) => part !== undefined).join(',');
  const argv = [script('native-mount.py'), wish.type, device, folder, flags, data || '-'];
  const answer = JSON.parse((await mustRun(argv)).stdout.toString('utf8')) as { errno?: string };
  return answer.errno ?? '';
}

async function unmount(folder: string): Promise<void> {
  // A scanner of the machine may have the mount open for a moment.
  for (let attempt = 0; attempt < 20; attempt++) {
    if ((await run(['umount', folder])).status === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await mustRun(['umount', '--lazy', folder]);
}

async function withLoop<T>(image: string, use: (device: string) => Promise<T>): Promise<T> {
  const setup = await mustRun(['losetup', '--find', '--show', image]);
  const device = setup.stdout.toString('utf8').trim();
  try {
    return await use(device);
  } finally {
    await mustRun(['losetup', '--detach', device]);
  }
}

/**
 * What the kernel said to the mount: the errno's name, or what `use` made of the mounted folder.
 */
async function mountAndUse<T>(
  image: string,
  wish: NativeMountOptions,
  use: (folder: string) => T | Promise<T>,
): Promise<{ errno: string } | { value: T }> {
  if (!isRoot) {
    throw new FsBridgeError('EPERM', image, 'mounting needs root', 'Run this test as root.');
  }
  const folder = await mkdtemp(join(tmpdir(), 'fsbridge-native-'));
  try {
    return await withLoop(image, async (device) => {
      const errno = await tryMount(device, folder, wish);
      if (errno !== '') return { errno };
      try {
        return { value: await use(folder) };
      } finally {
        await unmount(folder);
      }
    });
  } finally {
    await rmdir(folder);
    // btrfs remembers every device it scanned, and would look for this one at the next mount.
    if (wish.type === 'btrfs') await run(['btrfs', 'device', 'scan', '--forget']);
  }
}

/**
 * Mounts the image itself through a loop device, calls `use` with the folder, unmounts.
 * Throws FsBridgeError with the kernel's errno as code where the mount is refused.
 */
export async function withNativeMount<T>(
  image: string,
  wish: NativeMountOptions,
  use: (folder: string) => T | Promise<T>,
): Promise<T> {
  const answer = await mountAndUse(image, wish, use);
  if ('value' in answer) return answer.value;
  const why = `this machine's kernel refuses to mount it as ${wish.type}`;
  throw new FsBridgeError(answer.errno, image, why);
}

/** The errno's name of the kernel's refusal to mount the image, or undefined where it mounts. */
export async function nativeMountErrno(
  image: string,
  wish: NativeMountOptions,
): Promise<string | undefined> {
  const answer = await mountAndUse(image, wish, () => undefined);
  return 'errno' in answer ? answer.errno : undefined;
}

/** The lines of a manifest, as native-manifest.py and `fsbridge manifest` print them. */
export function parseManifest(text: Buffer): ManifestEntry[] {
  const entries: ManifestEntry[] = [];
  // Line by line: 300,000 entries with xattrs may be more than one JavaScript string holds.
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf(0x0a, start);
    const end = found < 0 ? text.length : found;
    entries.push(JSON.parse(text.toString('utf8', start, end)) as ManifestEntry);
    start = end + 1;
  }
  return entries;
}

async function manifestOfFolder(folder: string, wish: ManifestOptions): Promise<ManifestEntry[]> {
  const argv = [script('native-manifest.py'), folder];
  if (wish.hash === true) argv.push('--hash');
  if (wish.hashLimitBytes !== undefined) argv.push(`--hash-limit=${wish.hashLimitBytes}`);
  return parseManifest((await mustRun(argv)).stdout);
}

/**
 * The manifest of a folder, or of an image (then `mount` says how; read-only unless it says else).
 * Throws FsBridgeError with the kernel's errno where an image is refused.
 */
export async function nativeManifest(
  imageOrFolder: string,
  wish: ManifestOptions & { readonly mount?: NativeMountOptions } = {},
): Promise<ManifestEntry[]> {
  if ((await stat(imageOrFolder)).isDirectory()) return manifestOfFolder(imageOrFolder, wish);
  if (wish.mount === undefined) {
    const advice = "Say { mount: { type: 'ext4' } }.";
    throw new FsBridgeError('EINVAL', imageOrFolder, 'an image needs a type to mount', advice);
  }
  const scratch = await mkdtemp(join(tmpdir(), 'fsbridge-copy-'));
  try {
    const copy = join(scratch, 'image');
    await mustRun(['cp', '--sparse=always', '--reflink=auto', '--', imageOrFolder, copy]);
    const mount = { readOnly: true, ...wish.mount };
    return await withNativeMount(copy, mount, (folder) => manifestOfFolder(folder, wish));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
