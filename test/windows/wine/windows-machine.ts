/**
 * A Windows machine for tests: Wine, Node for Windows and fsbridge's sources in a scratch folder.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeWindowsApp, type WindowsApp } from './windows-app.ts';
import { Wine, windowsPath } from './wine.ts';

/** Why a test is skipped that finds no machine. */
export const noNodeForWindows = 'npm gives no Node for Windows';
const registryKey = 'HKLM\\SOFTWARE\\WOW6432Node\\WinFsp';
const installFolder = 'C:\\Program Files (x86)\\WinFsp\\';
const registryMs = 120_000;

export class WindowsMachine implements Disposable {
  /** A folder of this machine, for the test's own files too. */
  readonly folder: string;
  readonly app: WindowsApp;
  readonly wine: Wine;

  private constructor(folder: string, app: WindowsApp, wine: Wine) {
    this.folder = folder;
    this.app = app;
    this.wine = wine;
  }

  /** Undefined where npm gives no packages for Windows. Takes a minute. */
  static async create(): Promise<WindowsMachine | undefined> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-wine-'));
    try {
      const appFolder = path.join(folder, 'app');
      fs.mkdirSync(appFolder);
      const app = await makeWindowsApp(appFolder);
      if (app !== undefined) return new WindowsMachine(folder, app, await Wine.create(folder));
    } catch (error) {
      fs.rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    fs.rmSync(folder, { recursive: true, force: true });
    return undefined;
  }

  /** The folder in which WinFsp's installer puts its DLL. */
  makeDllFolder(): string {
    const bin = path.join(this.wine.driveC, 'Program Files (x86)', 'WinFsp', 'bin');
    fs.mkdirSync(bin, { recursive: true });
    return bin;
  }

  /** Registers WinFsp as its installer does. */
  async install(): Promise<void> {
    const value = ['/v', 'InstallDir', '/d', installFolder, '/f'];
    await this.wine.run(['reg', 'add', registryKey, ...value], registryMs);
  }

  async uninstall(): Promise<void> {
    await this.wine.run(['reg', 'delete', registryKey, '/f'], registryMs);
  }

  /** Node's arguments that run a script of the app, as Windows names them. */
  nodeArguments(script: string): readonly string[] {
    return [windowsPath(this.app.node), windowsPath(path.join(this.app.folder, script))];
  }

  [Symbol.dispose](): void {
    this.wine[Symbol.dispose]();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
