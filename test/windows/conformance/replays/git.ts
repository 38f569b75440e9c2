/** git clone and git status; git itself then checks the result on the native mount. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { access, attribute, disposition, option } from '../driver/nt.ts';
import { expectSuccess, type Program } from '../driver/program.ts';
import type { Replay } from './replay.ts';
import { deleteFile, getFileAttributes, moveFile, setFileInfo, writeAll } from './win32.ts';

/** Whether this machine has git, which makes a repository and checks it. */
function hasGit(): boolean {
  try {
    execFileSync('git', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function git(folder: string, ...args: string[]): string {
  const always = ['-c', 'safe.directory=*', '-c', 'user.name=A', '-c', 'user.email=a@example.com'];
  return execFileSync('git', [...always, ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

interface RepositoryFile {
  /** The parts are separated by "\". */
  readonly path: string;
  readonly bytes: Buffer;
}

/** A repository of 150 files with one pack, as files. */
function makeRepository(): RepositoryFile[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-git-'));
  try {
    git(folder, 'init', '-q', '-b', 'main');
    for (let i = 0; i < 150; i++) {
      const below = path.join(folder, `src/part ${i % 12}`);
      fs.mkdirSync(below, { recursive: true });
      fs.writeFileSync(path.join(below, `file-${i}.txt`), `line ${i}\n`.repeat(i * 10 + 1));
    }
    git(folder, 'add', '.');
    git(folder, 'commit', '-q', '-m', 'all');
    git(folder, 'repack', '-q', '-a', '-d');
    const names = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
    return names
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('hooks'))
      .map((entry) => {
        const full = path.join(entry.parentPath, entry.name);
        const name = path.relative(folder, full).replaceAll('/', '\\');
        return { path: `\\repo\\${name}`, bytes: fs.readFileSync(full) };
      });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function makeParents(win: Program, file: string, made: Set<string>): Promise<void> {
  const parts = file.split('\\').slice(1, -1);
  for (let count = 1; count <= parts.length; count++) {
    const folder = `\\${parts.slice(0, count).join('\\')}`;
    if (made.has(folder)) continue;
    if ((await getFileAttributes(win, folder)) === undefined) await win.makeDirectory(folder);
    made.add(folder);
  }
}

/** open(O_CREAT | O_EXCL), write, close. */
async function writeNew(win: Program, file: string, bytes: Buffer): Promise<void> {
  const handle = await win.mustOpen(file, {
    access: access.FILE_GENERIC_WRITE | access.FILE_GENERIC_READ,
    disposition: disposition.CREATE,
    options: option.NON_DIRECTORY_FILE,
  });
  await writeAll(handle, bytes);
  await handle.close();
}

/** Writes one of git's own files, and moves it into place. */
async function writeGitFile(win: Program, file: string, bytes: Buffer): Promise<void> {
  if (file.includes('\\objects\\pack\\')) {
    // A pack is written under a temporary name, made read-only, and moved.
    const temporary = `${path.win32.dirname(file)}\\tmp_${path.win32.extname(file).slice(1)}_aB3x`;
    await writeNew(win, temporary, bytes);
    await setFileInfo(win, temporary, { attributes: attribute.READONLY });
    await moveFile(win, temporary, file);
    return;
  }
  await writeNew(win, `${file}.lock`, bytes);
  await moveFile(win, `${file}.lock`, file, true);
}

async function clone(win: Program, files: readonly RepositoryFile[]): Promise<void> {
  const made = new Set<string>();
  for (const file of files) {
    await makeParents(win, file.path, made);
    if (file.path.includes('\\.git\\')) await writeGitFile(win, file.path, file.bytes);
    else {
      await writeNew(win, file.path, file.bytes);
      await win.stat(file.path);
    }
  }
}

/** git status: index.lock, a stat of every file, the new index over the old one. */
async function lookForChanges(win: Program, files: readonly RepositoryFile[]): Promise<void> {
  const index = files.find((file) => file.path.endsWith('\\.git\\index'));
  assert.ok(index !== undefined, 'the index');
  const tracked = files.filter((file) => !file.path.includes('\\.git\\'));
  for (let storm = 0; storm < 3; storm++) {
    await writeNew(win, `${index.path}.lock`, index.bytes);
    const again = await win.tryOpen(`${index.path}.lock`, {
      access: access.FILE_GENERIC_WRITE,
      disposition: disposition.CREATE,
    });
    assert.notEqual(again, 0, 'a second git finds the lock');
    await Promise.all(
      tracked.map(async (file) => {
        const { fileSize } = await win.stat(file.path);
        assert.equal(fileSize, file.bytes.length, file.path);
        await getFileAttributes(win, `${path.win32.dirname(file.path)}\\.gitignore`);
      }),
    );
    await moveFile(win, `${index.path}.lock`, index.path, true);
  }
}

/** Makes a branch and deletes it: refs are locked, and directories of refs removed again. */
async function branches(win: Program, files: readonly RepositoryFile[]): Promise<void> {
  const head = files.find((file) => file.path.endsWith('\\refs\\heads\\main'));
  assert.ok(head !== undefined, 'the branch');
  await win.makeDirectory('\\repo\\.git\\refs\\heads\\topic');
  await writeGitFile(win, '\\repo\\.git\\refs\\heads\\topic\\one', head.bytes);
  await deleteFile(win, '\\repo\\.git\\refs\\heads\\topic\\one');
  expectSuccess(await win.remove('\\repo\\.git\\refs\\heads\\topic'), 'the directory of refs');
}

let repository: readonly RepositoryFile[] = [];

export const gitClone: Replay = {
  name: 'git clone, status three times, and a branch that is made and deleted',
  rule: 'git: lock files renamed into place, read-only packs, lstat of everything',
  cannotRun: () => (hasGit() ? undefined : 'git is not installed here'),
  async run(win) {
    repository = makeRepository();
    await clone(win, repository);
    win.driver.advance(5000);
    await lookForChanges(win, repository);
    await branches(win, repository);
  },
  check(folder) {
    const clean = git(path.join(folder, 'repo'), 'status', '--porcelain');
    assert.equal(clean, '', 'git status');
    git(path.join(folder, 'repo'), 'fsck', '--full', '--strict');
    const count = git(path.join(folder, 'repo'), 'ls-files').trim().split('\n').length;
    assert.equal(count, 150, 'tracked files');
  },
};
