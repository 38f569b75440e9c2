/**
 * What a kernel build needs: tools, and Linux's source. Each thing missing is named; as root on a
 * Debian system it is installed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** Ends the build with one line on standard error and exit code 1. */
export function fail(what: string, why: string, code: string, advice?: string): never {
  console.error(`fsbridge: ${what}: ${why} (${code})`);
  if (advice !== undefined) console.error(advice);
  process.exit(1);
}

/** A command, and the Debian package that has it. */
const tools: readonly (readonly [string, string])[] = [
  ['clang-19', 'clang-19'],
  ['wasm-ld-19', 'lld-19'],
  ['llvm-ar-19', 'llvm-19'],
  ['make', 'make'],
  ['gcc', 'gcc'],
  ['flex', 'flex'],
  ['bison', 'bison'],
  ['bc', 'bc'],
  ['patch', 'patch'],
  ['xz', 'xz-utils'],
  ['tar', 'tar'],
  ['perl', 'perl'],
];
/** A file, and the Debian package that has it. */
const headers: readonly (readonly [string, string])[] = [['/usr/include/libelf.h', 'libelf-dev']];
const sourcePackage = 'linux-source-6.12';
const sourceFolder = '/usr/src';

function onPath(command: string): boolean {
  // mkfs and its like live where an ordinary user's PATH does not lead.
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => fs.existsSync(path.resolve(folder, command)));
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && onPath('apt-get');
}

function aptInstall(packages: readonly string[]): boolean {
  console.log(`Installing with apt-get: ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]): number | null =>
    spawnSync('apt-get', ['-q', '-y', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
      .status;
  if (apt('install', '--no-install-recommends', ...packages) === 0) return true;
  apt('update');
  return apt('install', '--no-install-recommends', ...packages) === 0;
}

function installOrFail(packages: readonly string[]): void {
  if (packages.length === 0) return;
  if (canInstall() && aptInstall(packages)) return;
  fail(
    'the kernel build',
    `these are missing: ${packages.join(' ')}`,
    'ERR_BUILD_TOOLS',
    `Install them (on Debian 12: apt-get install ${packages.join(' ')}), then run it again.`,
  );
}

/** Sees to it that all tools are there. */
export function requireTools(): void {
  const missing = [
    ...tools.filter(([command]) => !onPath(command)),
    ...headers.filter(([file]) => !fs.existsSync(file)),
  ];
  installOrFail([...new Set(missing.map(([, name]) => name))]);
}

/** A command that the slow tests compare with, and the Debian package that has it. */
const testTools: readonly (readonly [string, string])[] = [
  ['mkfs.ext4', 'e2fsprogs'],
  ['mkfs.xfs', 'xfsprogs'],
  ['mkfs.btrfs', 'btrfs-progs'],
  ['mkfs.f2fs', 'f2fs-tools'],
  ['mkfs.erofs', 'erofs-utils'],
  ['mksquashfs', 'squashfs-tools'],
  ['mkfs.fat', 'dosfstools'],
  ['mkfs.exfat', 'exfatprogs'],
  ['mkfs.nilfs2', 'nilfs-tools'],
  ['mkfs.jfs', 'jfsutils'],
  ['mkfs.udf', 'udftools'],
  ['mkfs.ntfs', 'ntfs-3g'],
  ['sgdisk', 'gdisk'],
  ['genisoimage', 'genisoimage'],
  ['setfacl', 'acl'],
  ['setfattr', 'attr'],
  ['python3', 'python3'],
  ['losetup', 'mount'],
  ['gcc', 'gcc'],
  ['x86_64-w64-mingw32-gcc', 'gcc-mingw-w64-x86-64'],
  // Debian's package has no command on the PATH.
  ['/usr/lib/wine/wine64', 'wine64'],
  ['/usr/x86_64-w64-mingw32/lib/zlib1.dll', 'libz-mingw-w64'],
  ['/usr/lib/python3/dist-packages/samba/__init__.py', 'python3-samba'],
];

/** Installs what is missing of the tests' tools, or says what will be skipped for want of it. */
export function installTestTools(): void {
  const missing = testTools.filter(([command]) => !onPath(command)).map(([, name]) => name);
  if (missing.length === 0 || (canInstall() && aptInstall([...new Set(missing)]))) return;
  console.log(`Some tests are skipped, as these packages are missing: ${missing.join(' ')}`);
}

export interface LinuxSource {
  /** A tarball (.tar.xz) or a tree. */
  readonly path: string;
  /** Such as 6.12.117. */
  readonly version: string;
  /** Tells two sources of one version apart. */
  readonly identity: string;
}

function versionOf(makefile: string): string {
  const field = (name: string): string =>
    new RegExp(`^${name} *= *(\\S*)`, 'm').exec(makefile)?.[1] ?? '';
  return `${field('VERSION')}.${field('PATCHLEVEL')}.${field('SUBLEVEL')}`;
}

function inspect(source: string): LinuxSource {
  const stat = fs.statSync(source);
  const makefile = stat.isDirectory()
    ? fs.readFileSync(path.join(source, 'Makefile'), 'utf8')
    : execFileSync(
        'tar',
        [
          'xOf',
          source,
          '--occurrence=1',
          '--wildcards',
          '--no-wildcards-match-slash',
          '*/Makefile',
        ],
        {
          encoding: 'utf8',
          maxBuffer: 1 << 24,
        },
      );
  const version = versionOf(makefile);
  if (!version.startsWith('6.12.')) {
    fail(source, `holds Linux ${version}; the port is for 6.12`, 'ERR_LINUX_VERSION');
  }
  return { path: source, version, identity: `${version} ${stat.size} ${stat.mtimeMs}` };
}

/** Linux's source: the named one, or that of Debian's package. */
export function findLinuxSource(named: string): LinuxSource {
  if (named !== '') {
    if (!fs.existsSync(named)) {
      fail('FSBRIDGE_LINUX_SOURCE', `there is no ${named}`, 'ENOENT');
    }
    return inspect(path.resolve(named));
  }
  const tarball = path.join(sourceFolder, `${sourcePackage}.tar.xz`);
  if (!fs.existsSync(tarball)) installOrFail([sourcePackage]);
  return inspect(tarball);
}
