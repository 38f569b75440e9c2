/** Finds the installed WinFsp. The errors say what to do where there is none, or an old one. */
import { existsSync } from 'node:fs';
import { win32 } from 'node:path';
import { FsBridgeError } from '../../errors.ts';
import { readRegistryString } from './registry.ts';
import { loadWinFsp, type WinFspLibrary } from './winfsp-library.ts';

const registryKey = 'SOFTWARE\\WOW6432Node\\WinFsp';
const registryValue = 'InstallDir';
/** 2.2 fixes CVE-2026-3006, CVE-2026-7162, and a deadlock of notifications and renames. */
const minVersion = 0x20002;
const minVersionText = '2.2';
const downloads = 'https://winfsp.dev/rel/';
const advice =
  `Install WinFsp ${minVersionText} or later from ${downloads}, then try again. While 2.1 is the ` +
  `stable release there, that is the newest ${minVersionText} beta; winget and choco install 2.1.`;

function dllName(): string {
  return process.arch === 'arm64' ? 'winfsp-a64.dll' : 'winfsp-x64.dll';
}

function versionText(version: number): string {
  return `${version >>> 16}.${version & 0xffff}`;
}

/**
 * Loads the installed WinFsp, or the DLL at that path. Throws ERR_WINFSP_MISSING, ERR_WINFSP_OLD,
 * or ERR_NOT_WINDOWS.
 */
export async function findWinFsp(path?: string): Promise<WinFspLibrary> {
  const library = await load(path ?? (await installedPath()));
  checkVersion(library.version);
  return library;
}

/** Throws ERR_WINFSP_OLD for a version before 2.2. The high word is the major number. */
export function checkVersion(version: number): void {
  if (version >= minVersion) return;
  const why =
    `the installed version is ${versionText(version)}, and fsbridge needs ${minVersionText}: ` +
    'older ones have mistakes that others can exploit, or that lock up';
  throw new FsBridgeError('ERR_WINFSP_OLD', 'WinFsp', why, advice);
}

async function installedPath(): Promise<string> {
  if (process.platform !== 'win32') {
    const why = 'drive letters are a part of Windows';
    throw new FsBridgeError('ERR_NOT_WINDOWS', 'WinFsp', why, 'On Linux, mount on a folder.');
  }
  const folder = await readRegistryString(registryKey, registryValue);
  if (folder === undefined) {
    throw new FsBridgeError('ERR_WINFSP_MISSING', 'WinFsp', 'it is not installed', advice);
  }
  return win32.join(folder, 'bin', dllName());
}

async function load(file: string): Promise<WinFspLibrary> {
  if (!existsSync(file)) {
    throw new FsBridgeError('ERR_WINFSP_MISSING', file, 'there is no such DLL', advice);
  }
  try {
    return await loadWinFsp(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FsBridgeError('ERR_WINFSP_MISSING', file, `it does not load: ${why}`, advice, {
      cause,
    });
  }
}
