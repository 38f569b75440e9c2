import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VolumeFs } from '../../../src/node-fs/volume-fs.ts';
import { cannotMount, type FreshVolume, mountFresh } from '../../support/kernel-volume.ts';
import { describeUnless } from '../../support/needs.ts';

const reason = cannotMount();

describeUnless(reason)('streams of a volume (ext4)', () => {
  let mounted: FreshVolume;
  let fs: VolumeFs;
  const content = Buffer.alloc(5 * 1048576 + 99);
  beforeAll(async () => {
    for (let at = 0; at < content.length - 4; at += 1009) content.writeUInt32LE(at, at);
    mounted = await mountFresh('ext4');
    ({ fs } = mounted);
    await fs.writeFile('/file', content);
  }, 30_000);
  afterAll(() => mounted?.close());

  test('read a whole file, in chunks of a mebibyte', async () => {
    const stream = fs.createReadStream('/file');
    const sizes: number[] = [];
    const chunks: Buffer[] = [];
    for await (const chunk of stream) {
      sizes.push(chunk.length);
      chunks.push(chunk);
    }
    expect(sizes).toEqual([1048576, 1048576, 1048576, 1048576, 1048576, 99]);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    expect(stream.bytesRead).toBe(content.length);
    expect(stream.closed).toBe(true);
  });

  test('read from the given first byte to the given last byte', async () => {
    const options = { start: 1000, end: 2_000_000, highWaterMark: 4096 };
    const part = await buffer(fs.createReadStream('/file', options));
    expect(part.equals(content.subarray(1000, 2_000_001))).toBe(true);
  });

  test('read text', async () => {
    await fs.writeFile('/text', 'Grüße');
    expect(await text(fs.createReadStream('/text', { highWaterMark: 3 }))).toBe('Grüße');
    const stream = fs.createReadStream('/text', 'utf8');
    for await (const chunk of stream) expect(chunk).toBe('Grüße');
  });

  test('continue at the handle’s position, and leave it open if autoClose is false', async () => {
    await using handle = await fs.open('/text');
    await handle.read({ length: 2 });
    expect(await text(handle.createReadStream({ autoClose: false }))).toBe('üße');
    expect((await handle.stat()).size).toBe(7);
    expect(await text(handle.createReadStream({ start: 0, end: 1 }))).toBe('Gr');
    expect(handle.fd).toBe(-1);
  });

  test('write their data, and count its bytes', async () => {
    const stream = fs.createWriteStream('/written', { flush: true });
    await pipeline(Readable.from([content, Buffer.from('and more')]), stream);
    expect(stream.bytesWritten).toBe(content.length + 8);
    const written = await fs.readFile('/written');
    expect(written.equals(Buffer.concat([content, Buffer.from('and more')]))).toBe(true);
  });

  test('write thousands of small chunks in order, in few requests', async () => {
    const stream = fs.createWriteStream('/small');
    const lines = Array.from({ length: 20_000 }, (_, index) => `${index}\n`);
    for (const line of lines) stream.write(line);
    stream.end();
    await once(stream, 'close');
    expect(await fs.readFile('/small', 'utf8')).toBe(lines.join(''));
  });

  test('write into the middle of a file', async () => {
    await fs.writeFile('/middle', '0123456789');
    const stream = fs.createWriteStream('/middle', { flags: 'r+', start: 4 });
    stream.write('AB');
    stream.end('CD');
    await once(stream, 'close');
    expect(await fs.readFile('/middle', 'utf8')).toBe('0123ABCD89');
  });

  test('copy from file to file', async () => {
    await pipeline(fs.createReadStream('/file'), fs.createWriteStream('/copy'));
    expect((await fs.readFile('/copy')).equals(content)).toBe(true);
  });

  test('fail for a file that does not exist or cannot be written', async () => {
    const missing = { code: 'ENOENT', syscall: 'open', path: '/none' };
    await expect(buffer(fs.createReadStream('/none'))).rejects.toMatchObject(missing);
    const writing = pipeline(Readable.from(['x']), fs.createWriteStream('/'));
    await expect(writing).rejects.toMatchObject({ code: 'EISDIR' });
  });

  test('fail on a full disk', async () => {
    const zeroes = function* (): Generator<Buffer> {
      for (let count = 0; count < 200; count++) yield Buffer.alloc(1048576);
    };
    const writing = pipeline(Readable.from(zeroes()), fs.createWriteStream('/full'));
    await expect(writing).rejects.toMatchObject({ code: 'ENOSPC' });
    await fs.rm('/full');
  }, 30_000);

  test('end without an error when they are stopped early', async () => {
    for await (const chunk of fs.createReadStream('/file')) {
      expect(chunk.length).toBe(1048576);
      break;
    }
    const stream = fs.createReadStream('/file');
    await once(stream, 'open');
    stream.close();
    await once(stream, 'close');
    const handle = await fs.open('/file');
    const open = handle.createReadStream();
    open.resume();
    await handle.close();
    expect(open.destroyed).toBe(true);
  });

  test('end when their signal is aborted', async () => {
    const controller = new AbortController();
    const stream = fs.createReadStream('/file', { signal: controller.signal });
    const reading = buffer(stream);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });
});
