import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const folder = path.join(root, 'native/patches');
const patches = fs
  .readdirSync(folder)
  .map((name) => fs.readFileSync(path.join(folder, name), 'utf8'));

test('at most 10 patches of 150 lines change mainline', () => {
  const changed = patches.join('\n').match(/^[+-](?![+-])/gm) ?? [];
  expect(patches.length).toBeLessThanOrEqual(10);
  expect(changed.length).toBeLessThanOrEqual(150);
});

test('every patch begins with its reason', () => {
  for (const patch of patches) {
    const words = patch.slice(0, patch.indexOf('\n--- ')).split(/\s+/);
    expect(words.length).toBeGreaterThan(15);
  }
});

test('the image has at most 12 MB', () => {
  const { size } = fs.statSync(path.join(root, 'build/fsbridge-kernel.wasm'));
  expect(size).toBeLessThanOrEqual(12_000_000);
});
