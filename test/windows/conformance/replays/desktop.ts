/** Explorer, Office and an editor. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { access, attribute, option, share } from '../driver/nt.ts';
import type { Program } from '../driver/program.ts';
import type { Replay } from './replay.ts';
import {
  createAlways,
  createTemporary,
  deleteFile,
  getFileAttributes,
  moveFile,
  replaceFile,
  writeAll,
} from './win32.ts';

const manyFiles = 10_000;

/** Explorer's requests for a folder before it shows the folder. */
async function probe(win: Program, folder: string): Promise<void> {
  for (const name of ['desktop.ini', 'Thumbs.db', 'autorun.inf', 'folder.jpg', '.git']) {
    await getFileAttributes(win, `${folder}\\${name}`);
  }
}

/** Explorer's requests for a shown file: its attributes, first and last bytes, other streams. */
async function show(win: Program, file: string): Promise<void> {
  await getFileAttributes(win, file);
  const handle = await win.mustOpen(file, {
    access: access.FILE_GENERIC_READ,
    share: share.ALL,
    options: option.NON_DIRECTORY_FILE,
  });
  const { fileSize } = await handle.info();
  await handle.read(0, 4096);
  await handle.read(Math.max(0, fileSize - 4096), 4096);
  await handle.close();
  await win.open(`${file}:Zone.Identifier`);
}

const explorer: Replay = {
  name: `Explorer opens a folder of ${manyFiles} files, and shows it again after F5`,
  rule: 'traces of Explorer: directory class 37 in 64 KiB, desktop.ini, heads and tails',
  async prepare(linux) {
    await linux.mkdir('/pictures');
    for (let i = 0; i < manyFiles; i++) await linux.writeFile(`/pictures/img-${i}.jpg`, `${i}`);
    await linux.chown('/pictures', 1000, 1000);
  },
  async run(win) {
    for (let view = 0; view < 2; view++) {
      await probe(win, '\\pictures');
      const entries = await win.listEntries('\\pictures', '*', 65536);
      assert.equal(entries.length, manyFiles + 2, 'entries');
      const visible = entries.filter(({ name }) => name !== '.' && name !== '..').slice(0, 60);
      for (const { name } of visible) await show(win, `\\pictures\\${name}`);
    }
  },
  check(folder) {
    const names = fs.readdirSync(path.join(folder, 'pictures'));
    assert.equal(names.length, manyFiles, 'files');
    assert.equal(fs.readFileSync(path.join(folder, 'pictures/img-77.jpg'), 'utf8'), '77');
  },
};

/**
 * Word makes an owner file, writes a temporary file, calls ReplaceFile, and deletes the backup.
 */
async function saveDocument(win: Program, document: string, bytes: Buffer): Promise<void> {
  const temporary = '\\docs\\~WRD0001.tmp';
  const backup = '\\docs\\~WRL0002.tmp';
  const handle = await createAlways(win, temporary);
  await writeAll(handle, bytes, 4096);
  await handle.flush();
  await handle.close();
  await replaceFile(win, document, temporary, backup);
  await deleteFile(win, backup);
}

const office: Replay = {
  name: 'Office saves a document three times by ReplaceFile, a reader keeps the old one',
  rule: 'ReplaceFile; how Word saves: temporary file, rename of both, delete of the backup',
  async prepare(linux) {
    await linux.mkdir('/docs');
    await linux.writeFile('/docs/report.docx', 'version 0');
    for (const name of ['/docs', '/docs/report.docx']) await linux.chown(name, 1000, 1000);
    await linux.chmod('/docs/report.docx', 0o640);
  },
  async run(win) {
    const owner = await createTemporary(win, '\\docs\\~$report.docx');
    await owner.write(0, 'who has it open');
    const before = await win.stat('\\docs\\report.docx');
    for (let version = 1; version <= 3; version++) {
      const reader = await win.mustOpen('\\docs\\report.docx');
      await saveDocument(win, '\\docs\\report.docx', Buffer.alloc(50_000, `version ${version} `));
      const seen = (await reader.readAll()).toString('latin1', 0, 9);
      assert.equal(seen, `version ${version - 1}`, 'what the reader beside it sees');
      await reader.close();
    }
    await owner.close();
    const after = await win.stat('\\docs\\report.docx');
    assert.equal(after.creationTime, before.creationTime, 'the time of creation');
    assert.ok((after.fileAttributes & attribute.ARCHIVE) !== 0, 'ARCHIVE');
  },
  check(folder) {
    const docs = path.join(folder, 'docs');
    assert.deepEqual(fs.readdirSync(docs), ['report.docx']);
    assert.equal(
      fs.readFileSync(path.join(docs, 'report.docx'), 'latin1').slice(0, 9),
      'version 3',
    );
    const { mode, uid } = fs.statSync(path.join(docs, 'report.docx'));
    assert.deepEqual([mode & 0o777, uid], [0o640, 1000], 'mode and owner');
  },
};

const editor: Replay = {
  name: 'an editor keeps a swap file that is deleted on close, and writes by rename',
  rule: 'vim: backupcopy=no, swap file; FILE_FLAG_DELETE_ON_CLOSE',
  async prepare(linux) {
    await linux.writeFile('/notes.txt', 'first line\n');
    await linux.chown('/notes.txt', 1000, 1000);
  },
  async run(win) {
    const swap = await createTemporary(win, '\\.notes.txt.swp');
    for (let page = 0; page < 20; page++) await swap.write(page * 4096, Buffer.alloc(4096, page));
    for (let save = 1; save <= 5; save++) {
      await moveFile(win, '\\notes.txt', '\\notes.txt~', true);
      const handle = await createAlways(win, '\\notes.txt');
      await writeAll(handle, Buffer.from(`saved ${save}\n`));
      await handle.flush();
      await handle.close();
    }
    await deleteFile(win, '\\notes.txt~');
    await swap.close();
  },
  check(folder) {
    assert.equal(fs.readFileSync(path.join(folder, 'notes.txt'), 'utf8'), 'saved 5\n');
    const names = fs.readdirSync(folder).filter((name) => name !== 'lost+found');
    assert.deepEqual(names, ['notes.txt'], 'what is left');
  },
};

export const desktop: readonly Replay[] = [explorer, office, editor];
