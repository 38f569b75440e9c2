/**
 * What a kernel build needs: tools, and Linux's source. As root on a Debian system this installs
 * what is missing; elsewhere it names the packages and ends the build.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type Manifest, readImage, sha256 } from './prebuilt.ts';

/** Ends the build with one line on standard error and exit code 1. */
export function fail(what: string, why: string, code: string, advice?: string): never {
  console.error(`fsbridge: ${what}: ${why} (${code})`);
  if (advice !== undefined) console.error(advice);
  process.exit(1);
}

/** The image in prebuilt/; ends the process if it is damaged. */
export function readOrFail(manifest: Manifest): Buffer<ArrayBuffer> {
  try {
    return readImage(manifest);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const advice = 'Get it from the repository again: git checkout prebuilt';
    fail('the kernel image in prebuilt/', why, 'ERR_IMAGE_DAMAGED', advice);
  }
}

/** Commands of the build, each with its Debian package. */
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
/** Files that the build needs, each with its Debian package. */
const headers: readonly (readonly [string, string])[] = [['/usr/include/libelf.h', 'libelf-dev']];
const sourcePackage = 'linux-source-6.12';
const tarball = `/usr/src/${sourcePackage}.tar.xz`;

function onPath(command: string): boolean {
  // mkfs and others are in folders that the PATH of an ordinary user does not have.
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

/** Installs the missing tools, or ends the build and names them. */
export function requireTools(): void {
  const missing = [
    ...tools.filter(([command]) => !onPath(command)),
    ...headers.filter(([file]) => !fs.existsSync(file)),
  ];
  installOrFail([...new Set(missing.map(([, name]) => name))]);
}

/** Commands that tests compare with, each with its Debian package. */
const testTools: readonly (readonly [string, string])[] = [
  ['mkfs.ext4', 'e2fsprogs'],
  ['mkfs.xfs', 'xfsprogs'],
  ['mkfs.btrfs', 'btrfs-progs'],
  ['mkfs.f2fs', 'f2fs-tools'],
  ['mkfs.erofs', 'erofs-utils'],
  ['mksquashfs', 'squashfs-tools'],
  ['mkfs.fat', 'dosfstools'],
  ['mcopy', 'mtools'],
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
  // Debian's package puts no command on the PATH.
  ['/usr/lib/wine/wine64', 'wine64'],
  ['/usr/x86_64-w64-mingw32/lib/zlib1.dll', 'libz-mingw-w64'],
  ['/usr/lib/python3/dist-packages/samba/__init__.py', 'python3-samba'],
];

/** Installs the missing tools of the tests, or says which packages the skipped tests need. */
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
  /** SHA-256 of the tarball; '' for a tree. */
  readonly sha256: string;
  /** Differs between two sources of one version. */
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
  if (stat.isDirectory()) {
    return { path: source, version, sha256: '', identity: `${version} ${source} ${stat.mtimeMs}` };
  }
  const sum = sha256(fs.readFileSync(source));
  return { path: source, version, sha256: sum, identity: `${version} ${sum}` };
}

/** Linux's source: the tarball or tree of that name, or Debian's package if the name is ''. */
export function findLinuxSource(named: string): LinuxSource {
  if (named !== '') {
    if (!fs.existsSync(named)) {
      fail('FSBRIDGE_LINUX_SOURCE', `there is no ${named}`, 'ENOENT');
    }
    return inspect(path.resolve(named));
  }
  if (!fs.existsSync(tarball)) installOrFail([sourcePackage]);
  return inspect(tarball);
}

/** The version of Debian's package with this tarball, or '' if the tarball is from elsewhere. */
export function packageVersion(linux: LinuxSource): string {
  if (linux.path !== tarball) return '';
  const { status, stdout } = spawnSync('dpkg-query', ['-W', sourcePackage], { encoding: 'utf8' });
  return status === 0 ? (stdout.trim().split('\t')[1] ?? '') : '';
}

/** The compiler and the linker, as /proc/version names them. */
export function compilerVersion(): string {
  const first = (command: string): string =>
    execFileSync(command, ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? '';
  const linker = first('wasm-ld-19').replace(/ \(.*/, '');
  return `${first('clang-19')}, ${linker}`;
}

/**
 * The very tarball that an image was built from. Debian replaces its package with every release of
 * Linux 6.12, so the package's version may have to be installed first.
 */
export function findSameSource(named: string, { linux }: Manifest): LinuxSource {
  const isRight = (file: string): boolean =>
    fs.existsSync(file) && sha256(fs.readFileSync(file)) === linux.sha256;
  if (named !== '') {
    if (isRight(named)) return inspect(path.resolve(named));
    fail('FSBRIDGE_LINUX_SOURCE', `is not the tarball of the image: ${named}`, 'ERR_LINUX_SOURCE');
  }
  const exact = `${sourcePackage}=${linux.package}`;
  const install = (): boolean =>
    linux.package !== '' && canInstall() && aptInstall(['--allow-downgrades', exact]);
  if (isRight(tarball) || (install() && isRight(tarball))) return inspect(tarball);
  fail(
    'the kernel image',
    `it was built from Debian's ${exact}, and that tarball is not here`,
    'ERR_LINUX_SOURCE',
    [
      `Install it with: apt-get install --allow-downgrades ${exact}`,
      `or set FSBRIDGE_LINUX_SOURCE to a tarball with the SHA-256 ${linux.sha256}.`,
      'If Debian no longer has it, build an image of its present version: npm run kernel -- --store',
    ].join('\n'),
  );
}
