import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { describeMountUsers, findMountUsers } from '../../../src/daemon/linux/mount-users.ts';

test.runIf(process.platform === 'linux')(
  'the programs that use a folder are found by their open files',
  () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-used-'));
    expect(findMountUsers(folder)).toEqual([]);
    const users = Array.from({ length: 7 }, (_, pid) => ({ pid, name: 'sh' }));
    expect(describeMountUsers(users)).toBe('sh (0), sh (1), sh (2), sh (3), sh (4) and 2 more');
    fs.rmdirSync(folder);
  },
);
