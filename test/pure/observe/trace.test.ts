import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trace } from '../../../src/observe/trace.ts';

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fsbridge-trace-'));
});
afterAll(() => {
  trace.close();
  fs.rmSync(folder, { recursive: true });
});

const names = (events: readonly Record<string, unknown>[]): unknown[] =>
  events.map((event) => `${String(event['ph'])} ${String(event['name'])}`);

test('the spans of a request share its id, and times are microseconds', () => {
  const file = path.join(folder, 'spans.json');
  trace.open(file);
  const id = trace.nextId();
  trace.span('engine', 'read', id, 1, 3.5, { path: 'a "quoted"\nname' });
  trace.span('kernel', 'pread64', id, 2, 3);
  trace.close();
  const events: Record<string, unknown>[] = JSON.parse(fs.readFileSync(file, 'utf8'));
  expect(names(events)).toEqual(['M process_name', 'b read', 'e read', 'b pread64', 'e pread64']);
  const [, begin, end] = events;
  expect(begin).toMatchObject({ cat: 'engine', id, ts: 1000, args: { path: 'a "quoted"\nname' } });
  expect(end).toMatchObject({ cat: 'engine', id, ts: 3500 });
});

test('a file cut off by a crash holds whole lines, and lacks only the bracket (2)', () => {
  const file = path.join(folder, 'crash.json');
  trace.open(file);
  for (let id = 1; id <= 2000; id++) trace.span('disk', 'read', id, id, id + 1);
  const text = fs.readFileSync(file, 'utf8');
  expect(text.length).toBeGreaterThan(64 * 1024);
  const events: unknown[] = JSON.parse(`${text}]`);
  expect(events.length).toBeGreaterThan(500);
  trace.close();
});

test('a trace that is off records and writes nothing (1)', () => {
  trace.close();
  expect(trace.isOn).toBe(false);
  trace.span('engine', 'read', 1, 0, 1);
  trace.close();
});

test('a file that cannot be made is an error at once', () => {
  const file = path.join(folder, 'no', 'such', 'folder.json');
  expect(() => trace.open(file)).toThrow(/cannot be written there \(ENOENT\)/);
  expect(trace.isOn).toBe(false);
});

test.runIf(fs.existsSync('/dev/full'))(
  'a full disk turns the trace off, and nothing else (3)',
  () => {
    trace.open('/dev/full');
    for (let id = 1; id <= 2000; id++) trace.span('disk', 'read', id, id, id + 1);
    expect(trace.isOn).toBe(false);
    trace.close();
  },
);
