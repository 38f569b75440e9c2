import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  nativeKey,
  readImage,
  readManifest,
  writePrebuilt,
} from '../../../scripts/kernel/prebuilt.ts';

let folder: string;

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-prebuilt-'));
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

describe("the key of an image's sources", () => {
  const sources = (name: string, files: Readonly<Record<string, string>>): string => {
    const native = path.join(folder, name);
    for (const [file, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(native, file)), { recursive: true });
      fs.writeFileSync(path.join(native, file), text);
    }
    const compiler = path.join(folder, `${name}.ts`);
    fs.writeFileSync(compiler, files['compiler'] ?? '');
    return nativeKey(native, compiler);
  };
  const files = { 'arch/irq.c': 'int irq;', 'arch/time.c': 'int time;' };

  test('is the same for the same files, whatever their times and their folder', () => {
    const key = sources('one', files);
    const time = new Date(0);
    fs.utimesSync(path.join(folder, 'one', 'arch', 'irq.c'), time, time);
    expect(sources('two', files)).toBe(key);
    expect(nativeKey(path.join(folder, 'one'), path.join(folder, 'one.ts'))).toBe(key);
  });

  test('changes with a byte, with a name, with a file more, and with the compiler', () => {
    const keys = [
      sources('a', files),
      sources('b', { ...files, 'arch/irq.c': 'int irq; ' }),
      sources('c', { 'arch/irqs.c': 'int irq;', 'arch/time.c': 'int time;' }),
      sources('d', { ...files, 'arch/more.c': '' }),
      sources('e', { ...files, compiler: '-O2' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('tells where one file ends and the next begins', () => {
    expect(sources('f', { a: 'b', c: 'd' })).not.toBe(sources('g', { a: 'bc', d: '' }));
  });
});

describe('the image in prebuilt/', () => {
  const image = Buffer.from('a kernel image, which is longer than this'.repeat(100));
  const linux = { version: '6.12.1', package: '6.12.1-1', sha256: 'of the tarball' };
  const sources = { key: 'of native', linux, compiler: 'clang' };

  test('is read as it was written, with what it was built from', () => {
    const prebuilt = path.join(folder, 'written');
    expect(readManifest(prebuilt)).toBeUndefined();
    writePrebuilt(image, sources, prebuilt);
    const manifest = readManifest(prebuilt);
    expect(manifest).toMatchObject({ ...sources, bytes: image.length });
    if (manifest === undefined) throw new Error('there is a manifest');
    expect(readImage(manifest, prebuilt).equals(image)).toBe(true);
    expect(fs.readdirSync(prebuilt).sort()).toEqual(['fsbridge-kernel.wasm.br', 'kernel.json']);
  });

  test('is refused if it is another one than kernel.json describes', () => {
    const prebuilt = path.join(folder, 'other');
    writePrebuilt(image, sources, prebuilt);
    const manifest = readManifest(prebuilt);
    if (manifest === undefined) throw new Error('there is a manifest');
    writePrebuilt(
      image.map((byte) => byte ^ 1),
      sources,
      prebuilt,
    );
    expect(() => readImage(manifest, prebuilt)).toThrow(/damaged/);
    writePrebuilt(Buffer.concat([image, image]), sources, prebuilt);
    expect(() => readImage(manifest, prebuilt)).toThrow();
  });
});
