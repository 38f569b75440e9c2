import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { QueuedRequest, RequestQueue } from '../../../src/cache/request-queue.ts';
import { errno } from '../../../src/vfs-linux/abi.gen.ts';

class Request extends QueuedRequest {
  readonly name: string;
  readonly log: string[];
  refusal: number | undefined;

  constructor(log: string[], name: string, file: string, bulkBytes = 0) {
    super();
    this.log = log;
    this.name = name;
    this.file = file;
    this.bulkBytes = bulkBytes;
  }

  override start(): void {
    this.log.push(this.name);
  }

  override refuse(negativeErrno: number): void {
    this.refusal = negativeErrno;
  }
}

describe('who is started when', () => {
  test('with room, a request starts before submit returns (4)', () => {
    const log: string[] = [];
    const queue = new RequestQueue();
    queue.submit(new Request(log, 'a', 'file'));
    expect(log).toEqual(['a']);
    expect(queue.status()).toMatchObject({ inFlight: 1, waiting: 0 });
  });

  test('files take turns, and each keeps its order (5)', () => {
    const log: string[] = [];
    const queue = new RequestQueue({ maxInFlight: 1 });
    const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map(
      (name) => new Request(log, name, name[0] as string),
    );
    for (const one of all) queue.submit(one);
    while (log.length < all.length) {
      queue.finished(all.find((one) => one.name === log.at(-1)) as Request);
    }
    expect(log).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  test('metadata passes bulk, and bulk is not starved by it (6)', () => {
    const log: string[] = [];
    const queue = new RequestQueue({ maxInFlight: 1 });
    const first = new Request(log, 'first', 'x');
    const all = [first, new Request(log, 'bulk', 'y', 4096)];
    for (let i = 0; i < 40; i++) all.push(new Request(log, `m${i}`, `file${i}`));
    for (const one of all) queue.submit(one);
    while (log.length < all.length) {
      queue.finished(all.find((one) => one.name === log.at(-1)) as Request);
    }
    expect(log[1]).toBe('m0');
    expect(log.indexOf('bulk')).toBe(17);
  });

  test('bulk leaves places for metadata (2)', () => {
    const log: string[] = [];
    const queue = new RequestQueue({ maxInFlight: 4, maxBulk: 2 });
    for (let i = 0; i < 9; i++) queue.submit(new Request(log, `bulk${i}`, `f${i}`, 512));
    expect(log).toEqual(['bulk0', 'bulk1']);
    queue.submit(new Request(log, 'stat', 'f0'));
    expect(log.at(-1)).toBe('stat');
  });

  test('a request larger than all bulk together runs alone (2)', () => {
    const log: string[] = [];
    const queue = new RequestQueue({ maxBulkBytes: 1000 });
    const large = new Request(log, 'large', 'f', 5000);
    queue.submit(large);
    queue.submit(new Request(log, 'small', 'g', 1));
    expect(log).toEqual(['large']);
    queue.finished(large);
    expect(log).toEqual(['large', 'small']);
  });

  test('one too many is refused, and the queue says beforehand that it is full (3)', () => {
    const log: string[] = [];
    const queue = new RequestQueue({ maxInFlight: 1, maxWaiting: 2 });
    for (const name of ['a', 'b', 'c']) queue.submit(new Request(log, name, name));
    expect(queue.isFull).toBe(true);
    const one = new Request(log, 'd', 'd');
    queue.submit(one);
    expect(one.refusal).toBe(-errno.ENOMEM);
    expect(queue.finished(one)).toBe(false);
  });

  test('a long line of requests that end at once does not go deeper and deeper', () => {
    const log: string[] = [];
    const queue = new RequestQueue({ maxInFlight: 1, maxWaiting: 1e6 });
    class AtOnce extends Request {
      override start(): void {
        super.start();
        queue.finished(this);
      }
    }
    const blocker = new Request(log, 'blocker', 'x');
    queue.submit(blocker);
    for (let i = 0; i < 100_000; i++) queue.submit(new AtOnce(log, 'one', `f${i % 7}`));
    queue.finished(blocker);
    expect(log.length).toBe(100_001);
  });
});

describe('a disk that hangs', () => {
  beforeEach(
    () => void vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] }),
  );
  afterEach(() => void vi.useRealTimers());

  test('answers what runs and what waits with ETIMEDOUT, once each (1, 7)', () => {
    const log: string[] = [];
    const queue = new RequestQueue({ maxInFlight: 2, deadlineMs: 1000 });
    const all = ['a', 'b', 'c'].map((name) => new Request(log, name, name));
    for (const one of all) queue.submit(one);
    vi.advanceTimersByTime(1100);
    expect(all.map((one) => one.refusal)).toEqual(Array(3).fill(-errno.ETIMEDOUT));
    expect(log).toEqual(['a', 'b']);
    expect(queue.status()).toMatchObject({ inFlight: 2, late: 2, isHanging: true });
  });

  test('refuses newcomers with EIO, and is well again when one request ends (7)', () => {
    const log: string[] = [];
    const queue = new RequestQueue({ maxInFlight: 1, deadlineMs: 1000 });
    const late = new Request(log, 'late', 'f');
    queue.submit(late);
    vi.advanceTimersByTime(1100);
    const refused = new Request(log, 'refused', 'f');
    queue.submit(refused);
    expect(refused.refusal).toBe(-errno.EIO);
    expect(queue.finished(late)).toBe(false);
    const fine = new Request(log, 'fine', 'f');
    queue.submit(fine);
    expect(queue.finished(fine)).toBe(true);
    expect(log).toEqual(['late', 'fine']);
  });

  test('does not keep an unmount waiting', async () => {
    const queue = new RequestQueue({ deadlineMs: 1000 });
    queue.submit(new Request([], 'late', 'f'));
    const idle = queue.idle();
    vi.advanceTimersByTime(1100);
    await idle;
  });

  test('leaves no timer behind when all is over', () => {
    const queue = new RequestQueue({ deadlineMs: 1000 });
    const request = new Request([], 'a', 'f');
    queue.submit(request);
    expect(vi.getTimerCount()).toBe(1);
    queue.finished(request);
    vi.advanceTimersByTime(2000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a closed queue refuses what waits and what comes; what runs ends as it would', async () => {
  const log: string[] = [];
  const queue = new RequestQueue({ maxInFlight: 1 });
  const [running, waiting, late] = ['a', 'b', 'c'].map((name) => new Request(log, name, name));
  queue.submit(running as Request);
  queue.submit(waiting as Request);
  queue.close();
  queue.submit(late as Request);
  expect([waiting?.refusal, late?.refusal]).toEqual([-errno.EIO, -errno.EIO]);
  const idle = queue.idle();
  expect(queue.finished(running as Request)).toBe(true);
  await idle;
});

test('under any traffic the bounds hold and every request is answered once (1, 2, 3)', () => {
  const step = fc.oneof(
    fc.record({ file: fc.integer({ min: 0, max: 5 }), bulk: fc.integer({ min: 0, max: 900 }) }),
    fc.record({ end: fc.nat() }),
  );
  const bounds = { maxInFlight: 4, maxBulk: 3, maxBulkBytes: 1000, maxWaiting: 6 };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new RequestQueue(bounds);
      const running: Request[] = [];
      const all: Request[] = [];
      let answers = 0;
      class Counted extends Request {
        override start(): void {
          running.push(this);
        }
        override refuse(): void {
          answers++;
        }
      }
      const end = (at: number): void => {
        const [one] = running.splice(at % running.length, 1);
        if (queue.finished(one as Request)) answers++;
      };
      for (const one of steps) {
        if ('end' in one) {
          if (running.length > 0) end(one.end);
        } else {
          const request = new Counted([], 'one', `f${one.file}`, one.bulk);
          all.push(request);
          queue.submit(request);
        }
        const bulk = running.filter((request) => request.bulkBytes > 0);
        const bytes = bulk.reduce((sum, request) => sum + request.bulkBytes, 0);
        expect(running.length).toBeLessThanOrEqual(bounds.maxInFlight);
        expect(bulk.length).toBeLessThanOrEqual(bounds.maxBulk);
        expect(bytes).toBeLessThanOrEqual(bounds.maxBulkBytes);
        expect(queue.waiting).toBeLessThanOrEqual(bounds.maxWaiting);
        expect(queue.status().inFlight).toBe(running.length);
      }
      while (running.length > 0) end(0);
      expect(queue.waiting).toBe(0);
      expect(answers).toBe(all.length);
    }),
  );
});
