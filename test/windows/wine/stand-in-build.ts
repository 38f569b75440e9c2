/**
 * Compiles the stand-in of WinFsp's DLL: for Windows with mingw, for Linux with the system's
 * compiler.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export type StandInTarget = 'windows' | 'linux';

const folder: string = path.join(import.meta.dirname, 'stand-in');
const compilers: Readonly<Record<StandInTarget, readonly string[]>> = {
  windows: ['x86_64-w64-mingw32-gcc', '-static'],
  linux: ['gcc', '-fPIC'],
};
/** The library's name; for Windows that of WinFsp's own DLL. */
const names: Readonly<Record<StandInTarget, string>> = {
  windows: 'winfsp-x64.dll',
  linux: 'libwinfsp.so',
};
const flags: readonly string[] = [
  '-Wall',
  '-Wextra',
  '-Werror',
  '-O1',
  '-shared',
  '-fvisibility=hidden',
];

/** Why the stand-in cannot be compiled here, or undefined. */
export function whyNoStandIn(target: StandInTarget): string | undefined {
  if (target === 'linux' && process.platform !== 'linux') return 'it needs Linux';
  const [compiler = ''] = compilers[target];
  const isInstalled = spawnSync(compiler, ['--version']).status === 0;
  return isInstalled ? undefined : `${compiler} is not installed`;
}

/** Compiles it into a folder. Answers the library's path, or throws the compiler's messages. */
export function buildStandIn(target: StandInTarget, into: string): string {
  const sources = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .map((name) => path.join(folder, name));
  const library = path.join(into, names[target]);
  const [compiler = '', ...own] = compilers[target];
  const args = [...own, ...flags, '-o', library, ...sources, '-lpthread'];
  const { status, stderr } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${compiler} ended with ${status}:\n${stderr}`);
  return library;
}
