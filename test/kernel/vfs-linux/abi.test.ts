import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { emitAbi } from '../../../scripts/kernel/abi.ts';

const root = path.resolve(import.meta.dirname, '../../..');

test('abi.gen.ts is what the built image says', async () => {
  const image = fs.readFileSync(path.join(root, 'build/fsbridge-kernel.wasm'));
  const written = fs.readFileSync(path.join(root, 'src/vfs-linux/abi.gen.ts'), 'utf8');
  expect(await emitAbi(image)).toBe(written);
});
