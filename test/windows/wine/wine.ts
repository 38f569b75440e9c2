/**
 * Wine with its own prefix in a scratch folder: nothing of the user's is used or changed. The end
 * of the prefix ends its wineserver too.
 *
 * Wine 8 lacks two things that Node needs. zlib1.dll must be in system32 before the prefix is made.
 * And Wine's VirtualAlloc2 has no placeholders, so that V8 believes the machine to be broken;
 * without the function V8 uses another way. So a private copy of node.exe imports a name that does
 * not exist.
 */

import { Buffer } from 'node:buffer';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** On Debian the program is in the PATH only with the package "wine". */
const programs: readonly string[] = [
  '/usr/lib/wine/wine64',
  '/usr/bin/wine64',
  '/usr/bin/wine',
  '/opt/wine-stable/bin/wine64',
];
const servers: readonly string[] = [
  '/usr/lib/wine/wineserver64',
  '/usr/lib/wine/wineserver',
  '/usr/bin/wineserver',
];
const zlib = '/usr/x86_64-w64-mingw32/lib/zlib1.dll';
const bootMs = 180_000;
const endMs = 20_000;

export interface WineResult {
  /** The exit status; undefined after a timeout. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why Wine cannot be used here, or undefined. */
export function whyNoWine(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'Wine needs Linux on x64';
  if (!programs.some((file) => fs.existsSync(file))) return 'wine64 is not installed';
  if (!fs.existsSync(zlib)) return 'libz-mingw-w64 is not installed';
  return undefined;
}

function first(files: readonly string[]): string {
  const file = files.find((candidate) => fs.existsSync(candidate));
  if (file === undefined) throw new Error(`none of these is there: ${files.join(' ')}`);
  return file;
}

/** The name of "/a/b" for a program in Wine. */
export function windowsPath(file: string): string {
  return `Z:${file.replaceAll('/', '\\')}`;
}

export class Wine implements Disposable {
  #prefix: string;
  #folder: string;
  #runs = 0;
  #onExit = (): void => this.end();

  /** Makes a prefix below a folder that exists. */
  static async create(folder: string): Promise<Wine> {
    const wine = new Wine(folder);
    const system32 = path.join(wine.#prefix, 'drive_c', 'windows', 'system32');
    fs.mkdirSync(system32, { recursive: true });
    fs.copyFileSync(zlib, path.join(system32, 'zlib1.dll'));
    await wine.run(['wineboot', '-i'], bootMs);
    await wine.#set('HKCU\\Software\\Wine', 'Version', 'win10');
    // Without a screen, hidden windows still work.
    await wine.#set('HKCU\\Software\\Wine\\Drivers', 'Graphics', 'null');
    // The desktop of the first start does not have the setting yet.
    wine.end();
    return wine;
  }

  async #set(key: string, value: string, data: string): Promise<void> {
    const argv = ['reg', 'add', key, '/v', value, '/d', data, '/f'];
    const { status, stderr } = await this.run(argv, bootMs);
    if (status !== 0) throw new Error(`Wine made no prefix: ${stderr}`);
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.#prefix = path.join(folder, 'prefix');
    // Before other listeners remove the folder: without the prefix the server is not found.
    process.prependOnceListener('exit', this.#onExit);
  }

  /** The folder that programs in Wine see as C:\. */
  get driveC(): string {
    return path.join(this.#prefix, 'drive_c');
  }

  get #environment(): NodeJS.ProcessEnv {
    const { DISPLAY: _, WAYLAND_DISPLAY: __, ...rest } = process.env;
    return {
      ...rest,
      WINEPREFIX: this.#prefix,
      WINEARCH: 'win64',
      WINEDEBUG: '-all',
      // No browser, no .NET, no entries in the user's menu.
      WINEDLLOVERRIDES: 'mscoree=;mshtml=;winemenubuilder.exe=',
    };
  }

  /**
   * Runs a program to its end, or until the timeout. Its streams are files: Node for Windows does
   * not accept pipes from outside of Wine.
   */
  async run(
    argv: readonly string[],
    timeoutMs: number,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<WineResult> {
    const number = ++this.#runs;
    const files = ['out', 'err'].map((name) => path.join(this.#folder, `${number}.${name}`));
    const fds = files.map((file) => fs.openSync(file, 'w'));
    const child = spawn(first(programs), [...argv], {
      cwd: this.#folder,
      env: { ...this.#environment, ...environment },
      stdio: ['ignore', ...fds],
    });
    const status = await new Promise<number | undefined>((resolve) => {
      const timer = setTimeout(() => {
        this.end();
        child.kill('SIGKILL');
        resolve(undefined);
      }, timeoutMs);
      child.on('error', () => resolve(-1));
      child.on('exit', (code) => {
        clearTimeout(timer);
        resolve(code ?? -1);
      });
    });
    for (const fd of fds) fs.closeSync(fd);
    const [stdout = '', stderr = ''] = files.map((file) => fs.readFileSync(file, 'utf8'));
    return { status, stdout, stderr };
  }

  /** Ends all programs in this prefix. */
  end(): void {
    const env = this.#environment;
    const server = first(servers);
    spawnSync(server, ['-k'], { env, timeout: endMs });
    spawnSync(server, ['-w'], { env, timeout: endMs });
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#onExit);
    this.end();
  }
}

/** Copies node.exe, with its import of VirtualAlloc2 renamed to a name that does not exist. */
export function copyNodeForWine(from: string, to: string): void {
  const bytes = fs.readFileSync(from);
  const name = Buffer.from('VirtualAlloc2\0', 'latin1');
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at)) {
    bytes.write('VirtualAllocX', at, 'latin1');
  }
  fs.writeFileSync(to, bytes);
}
