import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePrivateFolder } from '../../../src/host/folders.ts';
import { scratchFolder } from '../../support/block.ts';

describe('a private folder', () => {
  test('is made with its parents, for the owner alone', () => {
    const folder = scratchFolder();
    const made = path.join(folder, 'a', 'b');
    makePrivateFolder(made);
    expect(fs.statSync(made).mode & 0o777).toBe(0o700);
    makePrivateFolder(made);
  });

  test('that others may write to, or that is a link, is refused', () => {
    const folder = scratchFolder();
    const open = path.join(folder, 'open');
    fs.mkdirSync(open);
    fs.chmodSync(open, 0o777);
    expect(() => makePrivateFolder(open)).toThrow(/\(ERR_FOLDER_UNSAFE\)/);
    const link = path.join(folder, 'link');
    fs.symlinkSync(folder, link);
    expect(() => makePrivateFolder(link)).toThrow(/\(ERR_FOLDER_UNSAFE\)/);
  });
});
