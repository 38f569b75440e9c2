/** Compiles the stand-in of WinFsp's DLL: for Windows with mingw, for Linux with the system's compiler. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export type StandInTarget = 'windows' | 'linux';

const folder: string = path.join(import.meta.dirname, 'stand-in');
const compilers: Readonly<Record<StandInTarget, readonly string[]>> = {
  windows: ['x86_64-w64-mingw32-gcc', '-static'],
  linux: ['gcc', '-fPIC'],
};
/** The name that WinFsp's own DLL has. */
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

/** Whether the compiler for that is installed. */
export function canBuildStandIn(target: StandInTarget): boolean {
  const [compiler = ''] = compilers[target];
  return spawnSync(compiler, ['--version']).status === 0;
}

/** Compiles it into a folder; answers the library's path. Throws with the compiler's words. */
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
