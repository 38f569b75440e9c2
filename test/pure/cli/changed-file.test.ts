import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { HostSide } from '../../../src/cli/copy/host-side.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-changed-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

test('a file of the host that grows after it was looked at has changed', async () => {
  const side = new HostSide();
  const place = await side.openPath(Buffer.from(folder));
  const name = Buffer.from('log');
  fs.writeFileSync(path.join(folder, 'log'), 'one');
  const attributes = await side.attributes(place, name);
  const file = await side.openFile(place, name);
  expect(file.live?.changedSince(attributes)).toBe(false);
  fs.appendFileSync(path.join(folder, 'log'), 'two');
  expect(file.live?.changedSince(attributes)).toBe(true);
  await side.close();
});
