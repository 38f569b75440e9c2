/**
 * The build: Kbuild compiles Linux into archives, and wasm-ld links these between the two objects
 * of native/link. Kbuild's usual last step, the link of an ELF file, does not run.
 *
 * The image is the same, byte by byte, wherever and whenever it is built: nothing here may depend
 * on the folder, the time, the user, the machine or the environment. This file is part of the
 * image's key (prebuilt.ts), as is all of native/.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fail, type LinuxSource } from './requirements.ts';

const make: readonly string[] = ['ARCH=wasm', 'LLVM=-19', 'LOCALVERSION='];
const config = 'arch/wasm/configs/fsbridge_defconfig';

/** What make and the compiler see, and /proc/version shows: the same wherever the build runs. */
const environment: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  LC_ALL: 'C',
  TZ: 'UTC',
  KBUILD_BUILD_TIMESTAMP: '@0',
  KBUILD_BUILD_VERSION: '1',
  KBUILD_BUILD_USER: 'fsbridge',
  KBUILD_BUILD_HOST: 'fsbridge',
};

/** What an image is made of, and where. */
export interface ImageBuild {
  readonly linux: LinuxSource;
  /** The folder native/. */
  readonly native: string;
  /** The folder that has, or gets, the kernel's tree. */
  readonly folder: string;
  /** The file to write. */
  readonly image: string;
}

function patches(native: string): string[] {
  const folder = path.join(native, 'patches');
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.patch'));
  return names.sort().map((name) => path.join(folder, name));
}

/** Copies a folder, but leaves files with the same content alone, so that make sees no change. */
function mirror(from: string, to: string): void {
  fs.mkdirSync(to, { recursive: true });
  const wanted = new Set<string>();
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    wanted.add(entry.name);
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    if (entry.isDirectory()) {
      mirror(source, target);
    } else {
      const content = fs.readFileSync(source);
      if (!fs.existsSync(target) || !fs.readFileSync(target).equals(content)) {
        fs.writeFileSync(target, content);
      }
    }
  }
  for (const name of fs.readdirSync(to)) {
    // The files that Kbuild makes (objects, .cmd files, generated headers) stay.
    const ours = /\.(c|h)$|^(Makefile|Kconfig|Kbuild)$/.test(name);
    if (!wanted.has(name) && ours && !to.includes(`${path.sep}generated`)) {
      fs.rmSync(path.join(to, name), { recursive: true });
    }
  }
}

/** Unpacks and patches Linux, or takes the tree that an earlier build left. Returns its path. */
function prepareTree({ linux, native, folder }: ImageBuild): string {
  const hash = createHash('sha256').update(linux.identity);
  for (const patch of patches(native)) hash.update(fs.readFileSync(patch));
  const tree = path.join(folder, `linux-${linux.version}-${hash.digest('hex').slice(0, 12)}`);
  if (!fs.existsSync(tree)) {
    console.log('Unpacking and patching the source ...');
    const partial = `${tree}.${process.pid}`;
    fs.mkdirSync(partial, { recursive: true });
    if (fs.statSync(linux.path).isDirectory()) {
      fs.cpSync(linux.path, partial, { recursive: true, verbatimSymlinks: true });
    } else {
      execFileSync('tar', ['xf', linux.path, '-C', partial, '--strip-components=1']);
    }
    for (const patch of patches(native)) {
      execFileSync('patch', ['-p1', '-s', '-d', partial, '-i', patch], { stdio: 'inherit' });
    }
    fs.renameSync(partial, tree);
  }
  mirror(path.join(native, 'arch', 'wasm'), path.join(tree, 'arch', 'wasm'));
  return tree;
}

/** Ends the build if Kconfig refused an option: its name is wrong or a dependency is missing. */
function checkConfig(tree: string): void {
  const made = new Set(fs.readFileSync(path.join(tree, '.config'), 'utf8').split('\n'));
  const wanted = fs.readFileSync(path.join(tree, config), 'utf8').split('\n');
  const lost = wanted.filter((line) => /^CONFIG_\w+=[^n]/.test(line) && !made.has(line));
  // Shmem needs an MMU. Without one Linux has a ramfs under the name tmpfs.
  const known = new Set(['CONFIG_TMPFS=y']);
  const wrong = lost.filter((line) => !known.has(line));
  if (wrong.length > 0) {
    fail('the kernel configuration', `Kconfig refuses ${wrong.join(', ')}`, 'ERR_KCONFIG');
  }
}

function configure(tree: string): void {
  const stamp = path.join(tree, '.fsbridge-config');
  const hash = createHash('sha256').update(fs.readFileSync(path.join(tree, config)));
  hash.update(fs.readFileSync(path.join(tree, 'arch/wasm/Kconfig')));
  const key = hash.digest('hex');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === key) return;
  execFileSync('make', [...make, 'allnoconfig'], {
    cwd: tree,
    env: { ...environment, KCONFIG_ALLCONFIG: config },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  checkConfig(tree);
  fs.writeFileSync(stamp, key);
}

/** Shows make's progress: on a terminal in one line, elsewhere with a line every 10 seconds. */
function progress(): { step(line: string): void; done(): void } {
  const started = performance.now();
  let files = 0;
  let shown = 0;
  const seconds = (): number => Math.round((performance.now() - started) / 1000);
  const text = (): string => `Compiling: ${files} files, ${seconds()} s`;
  return {
    step(line) {
      if (!/^ {2}(CC|AS|AR|HOSTCC) /.test(line)) return;
      files++;
      const now = performance.now();
      if (now - shown < (process.stdout.isTTY ? 200 : 10_000)) return;
      shown = now;
      process.stdout.write(process.stdout.isTTY ? `\r${text()}` : `${text()}\n`);
    },
    done() {
      process.stdout.write(`${process.stdout.isTTY ? '\r' : ''}${text()}.\n`);
    },
  };
}

/** Compiles the tree into vmlinux.a and lib/lib.a. The tree's build.log has make's whole output. */
async function compileKernel(tree: string): Promise<void> {
  configure(tree);
  const log = path.join(tree, 'build.log');
  const logStream = fs.createWriteStream(log);
  const args = [...make, `-j${os.availableParallelism()}`, 'archives'];
  const child = spawn('make', args, {
    cwd: tree,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const bar = progress();
  let rest = '';
  child.stdout.on('data', (data: Buffer) => {
    logStream.write(data);
    const lines = (rest + data.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) bar.step(line);
  });
  child.stderr.on('data', (data: Buffer) => logStream.write(data));
  const status = await new Promise((resolve) => child.on('close', resolve));
  bar.done();
  logStream.end();
  if (status !== 0) {
    const text = fs.readFileSync(log, 'utf8').split('\n');
    const errors = text.filter((line) => /error:|Error \d/.test(line)).slice(0, 20);
    console.error(errors.join('\n'));
    fail('the kernel build', `make ended with ${status}`, 'ERR_BUILD', `The whole log: ${log}`);
  }
}

/** Links the image. Everything stays in it (no garbage collection); a warning is an error. */
function linkKernel(tree: string, native: string, image: string): void {
  const clang = ['--target=wasm32-unknown-unknown', '-O2', '-Wall', '-Werror', '-c'];
  const options = { cwd: tree, env: environment, stdio: 'inherit' } as const;
  for (const end of ['begin', 'end']) {
    // A copy in the tree, so that no path of this checkout can get into the object.
    fs.copyFileSync(path.join(native, 'link', `${end}.c`), path.join(tree, `${end}.c`));
    execFileSync('clang-19', [...clang, `${end}.c`, '-o', `${end}.o`], options);
  }
  execFileSync(
    'wasm-ld-19',
    [
      ...['--no-entry', '--no-gc-sections', '--import-memory', '--fatal-warnings', '--strip-debug'],
      // Address 0 stays free, and kfree_rcu() takes a function pointer below 4096 for an offset.
      ...['--global-base=65536', '--table-base=4096'],
      // The kernel's threads have stacks of their own; this one is not used.
      ...['-z', 'stack-size=4096'],
      ...['wasm_shared', 'wasm_abi', 'bridge_slots', 'bridge_buffers'].map((s) => `--export=${s}`),
      'begin.o',
      ...['--whole-archive', 'vmlinux.a', 'lib/lib.a', '--no-whole-archive'],
      'end.o',
      // The name is in the image too, so it is always the same.
      ...['-o', 'fsbridge-kernel.wasm'],
    ],
    options,
  );
  fs.copyFileSync(path.join(tree, 'fsbridge-kernel.wasm'), image);
}

/** Builds an image; ends the process with a message if that fails. */
export async function buildImage(build: ImageBuild): Promise<void> {
  const tree = prepareTree(build);
  await compileKernel(tree);
  fs.mkdirSync(path.dirname(build.image), { recursive: true });
  linkKernel(tree, build.native, build.image);
}
