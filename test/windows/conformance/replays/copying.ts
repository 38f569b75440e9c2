/** robocopy, 7-Zip and restic: whole trees are copied, with times, attributes, EAs and security. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { nativeManifest } from '../../../support/native/native-mount.ts';
import { access, attribute, disposition, fileTime, option, share, status } from '../driver/nt.ts';
import { expectSuccess, type Program } from '../driver/program.ts';
import { control } from '../driver/security.ts';
import { backupOperator, everyone, mountingUser } from '../driver/token.ts';
import type { Replay } from './replay.ts';
import { createAlways, deleteFile, setFileInfo, writeAll } from './win32.ts';

/** A tree on the Windows side, in memory. */
interface SourceFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly attributes: number;
  readonly lastWriteTime: bigint;
  readonly creationTime: bigint;
}

const folders = ['\\mirror', '\\mirror\\a', '\\mirror\\a\\deep', '\\mirror\\b'];
const folderTime = (index: number): bigint => fileTime(1_500_000_000 + index, 123_456_700);

function sourceFiles(): SourceFile[] {
  return Array.from({ length: 120 }, (_, index) => ({
    path: `${folders[index % folders.length]}\\file ${index}.dat`,
    bytes: Buffer.alloc((index * 977) % 200_000, index),
    attributes: attribute.ARCHIVE | (index % 7 === 0 ? attribute.READONLY : 0),
    lastWriteTime: fileTime(1_600_000_000 + index * 3601, 987_654_300),
    creationTime: fileTime(1_550_000_000 + index, 100),
  }));
}

async function copyOne(win: Program, file: SourceFile): Promise<void> {
  const handle = await win.mustOpen(file.path, {
    access: access.FILE_GENERIC_WRITE | access.FILE_GENERIC_READ | access.DELETE | access.WRITE_DAC,
    disposition: disposition.OVERWRITE_IF,
    options: option.NON_DIRECTORY_FILE | option.SEQUENTIAL_ONLY,
    share: share.NONE,
    attributes: file.attributes & ~attribute.READONLY,
  });
  expectSuccess(await handle.setEndOfFile(file.bytes.length), 'end of file');
  await writeAll(handle, file.bytes);
  const { creationTime, lastWriteTime, attributes } = file;
  expectSuccess(await handle.setBasic({ creationTime, lastWriteTime, attributes }), 'times');
  const dacl = [mountingUser.user, everyone].map((sid, index) => ({
    type: 0,
    flags: 0,
    mask: index === 0 ? access.ALL : access.FILE_GENERIC_READ,
    sid,
  }));
  expectSuccess(await handle.setSecurity(4, { control: control.DACL_PROTECTED, dacl }), 'DACL');
  await handle.close();
}

/**
 * /MIR: copies files that differ in size, time or attributes, and removes those without a source.
 */
async function mirror(win: Program, files: readonly SourceFile[]): Promise<[number, number]> {
  let copied = 0;
  let removed = 0;
  for (const folder of folders) {
    const there = await win.tryOpen(folder, { options: option.DIRECTORY_FILE });
    if (there !== status.SUCCESS) await win.makeDirectory(folder);
    const entries = await win.listEntries(folder, '*', 65536);
    const here = files.filter((file) => path.win32.dirname(file.path) === folder);
    for (const file of here) {
      const name = path.win32.basename(file.path);
      const info = entries.find((entry) => entry.name === name)?.info;
      const isSame =
        info?.fileSize === file.bytes.length &&
        info.lastWriteTime === file.lastWriteTime &&
        (info.fileAttributes & ~attribute.SPARSE_FILE) === file.attributes;
      if (isSame) continue;
      await copyOne(win, file);
      copied += 1;
    }
    for (const { name, info } of entries) {
      if (name === '.' || name === '..') continue;
      const full = `${folder}\\${name}`;
      const isKnown = folders.includes(full) || here.some((file) => file.path === full);
      if (isKnown || (info.fileAttributes & attribute.DIRECTORY) !== 0) continue;
      await deleteFile(win, full);
      removed += 1;
    }
  }
  for (const [index, folder] of folders.entries()) {
    const time = folderTime(index);
    await setFileInfo(win, folder, { creationTime: time, lastWriteTime: time });
  }
  return [copied, removed];
}

const robocopy: Replay = {
  name: 'robocopy /MIR /COPY:DATSO /DCOPY:T: the second run copies nothing',
  rule: 'robocopy: compares size, time and attributes; times to 100 ns, of folders too',
  async run(win) {
    const files = sourceFiles();
    await win.makeDirectory('\\mirror');
    await win.makeFile('\\mirror\\not in the source', 'x');
    assert.deepEqual(await mirror(win, files), [files.length, 1], 'the first run');
    win.driver.advance(60_000);
    assert.deepEqual(await mirror(win, files), [0, 0], 'the second run');
    for (const [index, folder] of folders.entries()) {
      const { creationTime, lastWriteTime } = await win.stat(folder);
      assert.deepEqual(
        [creationTime, lastWriteTime],
        [folderTime(index), folderTime(index)],
        folder,
      );
    }
    for (const file of files.slice(0, 10)) {
      assert.equal((await win.stat(file.path)).creationTime, file.creationTime, file.path);
    }
  },
  check(folder) {
    for (const file of sourceFiles()) {
      const name = path.join(folder, ...file.path.split('\\'));
      assert.ok(fs.readFileSync(name).equals(file.bytes), name);
      const { mtimeNs, mode } = fs.statSync(name, { bigint: true });
      assert.equal(mtimeNs / 100n + 116_444_736_000_000_000n, file.lastWriteTime, name);
      assert.equal(Number(mode) & 0o004, 0o004, 'everybody reads');
    }
  },
};

/** An archive's entries: path, size, and time. */
const archived = Array.from({ length: 300 }, (_, index) => ({
  folder: `\\out\\dir ${index % 10}\\sub-${index % 3}`,
  name: `ünïcode ${index}.bin`,
  bytes: Buffer.alloc((index * 4099) % 300_000, index + 1),
  lastWriteTime: fileTime(1_400_000_000 + index * 60),
}));

const sevenZip: Replay = {
  name: '7-Zip extracts 300 files, sets their times, and those of the folders at the end',
  rule: '7-Zip: CreateFile(CREATE_ALWAYS), SetEndOfFile first, SetFileTime on the handle',
  async run(win) {
    const made = new Set<string>();
    for (const entry of archived) {
      let folder = '';
      for (const part of entry.folder.split('\\').slice(1)) {
        folder += `\\${part}`;
        if (!made.has(folder)) await win.makeDirectory(folder);
        made.add(folder);
      }
      const handle = await createAlways(win, `${entry.folder}\\${entry.name}`);
      expectSuccess(await handle.setEndOfFile(entry.bytes.length), 'end of file');
      await writeAll(handle, entry.bytes, 1_048_576);
      expectSuccess(await handle.setBasic({ lastWriteTime: entry.lastWriteTime }), 'time');
      await handle.close();
    }
    for (const folder of made) await setFileInfo(win, folder, { lastWriteTime: fileTime(1e9) });
  },
  check(folder) {
    for (const entry of archived) {
      const name = path.join(folder, ...entry.folder.split('\\'), entry.name);
      assert.ok(fs.readFileSync(name).equals(entry.bytes), name);
      const seconds = Number(entry.lastWriteTime / 10_000_000n) - 11_644_473_600;
      assert.equal(fs.statSync(name).mtimeMs, seconds * 1000, name);
    }
    assert.equal(fs.statSync(path.join(folder, 'out')).mtimeMs, 1e12, 'the folder');
  },
};

/** A file in a backup. */
interface BackedUp {
  readonly hash: string;
  readonly eas: readonly string[];
  readonly mode: number;
}
const backup = new Map<string, BackedUp>();

/** restic: opens every file with backup intent, and saves its EAs, security and attributes. */
async function backUp(win: Program, file: string, isDirectory: boolean): Promise<void> {
  const handle = await win.mustOpen(file, {
    access: access.FILE_GENERIC_READ,
    options: option.OPEN_FOR_BACKUP_INTENT | option.OPEN_REPARSE_POINT,
  });
  await handle.info();
  const { status: eaStatus, eas } = await handle.queryEa();
  assert.ok(eaStatus === status.SUCCESS || eaStatus === status.NO_EAS_ON_FILE, 'EAs');
  const { status: securityStatus, descriptor } = await handle.querySecurity(7);
  expectSuccess(securityStatus, 'security');
  assert.ok(descriptor?.owner !== undefined, 'an owner');
  const mode = eas.find(({ name }) => name === '$LXMOD')?.value.readUInt32LE(0) ?? 0;
  const names = eas.map(({ name }) => name).filter((name) => !name.startsWith('$LX'));
  const bytes = isDirectory ? Buffer.alloc(0) : await handle.readAll(1_048_576);
  const hash = createHash('sha256').update(bytes).digest('hex');
  await handle.close();
  backup.set(file.replaceAll('\\', '/').slice(1), { hash, eas: names.sort(), mode });
  if (!isDirectory) return;
  const listed = await win.mustOpen(file, {
    access: access.READ_DATA | access.SYNCHRONIZE,
    options: option.DIRECTORY_FILE | option.OPEN_FOR_BACKUP_INTENT,
  });
  const entries = await listed.listAll('*', 65536);
  await listed.close();
  for (const { name, info } of entries) {
    if (name === '.' || name === '..' || name === 'lost+found') continue;
    if ((info.fileAttributes & attribute.REPARSE_POINT) !== 0) continue;
    const below = file === '\\' ? `\\${name}` : `${file}\\${name}`;
    await backUp(win, below, (info.fileAttributes & attribute.DIRECTORY) !== 0);
  }
}

const restic: Replay = {
  name: 'restic backs up a tree of other users’ files with EAs and security',
  rule: 'restic on Windows: SeBackupPrivilege, EAs and GetNamedSecurityInfo of every file',
  async prepare(linux) {
    for (let dir = 0; dir < 10; dir++) {
      await linux.mkdir(`/home/user${dir}`, { recursive: true });
      await linux.chmod(`/home/user${dir}`, 0o700);
      for (let i = 0; i < 20; i++) {
        const name = `/home/user${dir}/file ${i}`;
        await linux.writeFile(name, Buffer.alloc(i * 5000, i));
        if (i % 4 === 0) await linux.setxattr(name, 'user.COMMENT', `comment ${i}`);
        await linux.chown(name, 2000 + dir, 2000 + dir);
        await linux.chmod(name, i % 2 === 0 ? 0o600 : 0o644);
      }
      await linux.symlink('file 1', `/home/user${dir}/link`);
    }
  },
  async run(win) {
    backup.clear();
    await backUp(win.as(backupOperator), '\\', true);
  },
  async check(folder) {
    const entries = await nativeManifest(folder, { hash: true });
    const files = entries.filter(({ type, path: name }) => type === 'file' && name !== undefined);
    assert.equal(files.length, 200, 'files');
    for (const entry of files) {
      const name = entry.path ?? '';
      const kept = backup.get(name.slice(1));
      assert.equal(kept?.hash, entry.sha256, name);
      assert.equal((kept?.mode ?? 0) & 0o7777, (entry.mode ?? 0) & 0o7777, name);
      const names = Object.keys(entry.xattrs ?? {}).map((xattr) => xattr.replace(/^user\./, ''));
      assert.deepEqual(kept?.eas, names.sort(), name);
    }
  },
};

export const copying: readonly Replay[] = [robocopy, sevenZip, restic];
