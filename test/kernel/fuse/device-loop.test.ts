/**
 * The device's loop, with a test in the place of the host's kernel: messages that no host sends are
 * answered with an error, and the numbers of references come out even.
 */
import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DeviceLoop } from '../../../src/fuse/device-loop.ts';
import { Identities } from '../../../src/fuse/identities.ts';
import type { Libc } from '../../../src/fuse/libc.ts';
import { probeFeatures } from '../../../src/fuse/negotiation.ts';
import { operationNames, operations } from '../../../src/fuse/operations.ts';
import type { Session } from '../../../src/fuse/session.ts';
import { RequestStatistics } from '../../../src/observe/request-statistics.ts';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import { cannotMount, type FreshVolume, mountFresh } from '../../support/kernel-volume.ts';
import { describeUnless } from '../../support/needs.ts';
import { Random, testSeed } from '../../support/random.ts';

/** The device's other end: requests go in here, answers come out. */
class HostSide {
  readonly libc: Libc;
  readonly #requests: Buffer[] = [];
  readonly #answers = new Map<number, (answer: Buffer) => void>();
  #ready: () => void = () => {};
  #unique = 0;
  hungUp = false;

  constructor() {
    this.libc = {
      read: (_fd, target) => {
        const request = this.#requests.shift();
        if (request === undefined) return this.hungUp ? -errno.ENODEV : -errno.EAGAIN;
        return request.copy(target);
      },
      write: (_fd, source, bytes) => this.#answered(Buffer.from(source.subarray(0, bytes))),
      writev: () => -errno.ENOSYS,
      addressOf: () => 0n,
      writeInBackground: (_fd, source) => Promise.resolve(source.length),
      mount: () => 0,
      umount2: () => Promise.resolve(0),
      prctl: () => 0,
      fcntl: () => 0,
      socketpair: () => 0,
      recvmsg: () => 0,
      poll: (_fd, onReady) => {
        this.#ready = onReady;
        return { pause: () => {}, resume: () => {}, stop: () => {} };
      },
    };
  }

  #answered(answer: Buffer): number {
    this.#answers.get(answer.readUInt32LE(8))?.(answer);
    return answer.length;
  }

  /** Sends a request; resolves with its answer. */
  ask(opcode: number, nodeId: number, body: Buffer, uid = 0): Promise<Buffer> {
    const unique = ++this.#unique;
    const head = Buffer.alloc(40);
    head.writeUInt32LE(40 + body.length, 0);
    head.writeUInt32LE(opcode, 4);
    head.writeUInt32LE(unique, 8);
    head.writeBigUInt64LE(BigInt(nodeId), 16);
    head.writeUInt32LE(uid, 24);
    return new Promise((resolve) => {
      this.#answers.set(unique, resolve);
      this.send(Buffer.concat([head, body]));
    });
  }

  send(request: Buffer): void {
    this.#requests.push(request);
    this.#ready();
  }

  hangUp(): void {
    this.hungUp = true;
    this.#ready();
  }
}

const LOOKUP = 1;
const FORGET = 2;
const GETATTR = 3;
const MKDIR = 9;
const INIT = 26;
const CREATE = 35;
const RELEASE = 18;

const errorOf = (answer: Buffer): number => answer.readInt32LE(4);
const nodeOf = (answer: Buffer): number => Number(answer.readBigUInt64LE(16));
const name = (text: string): Buffer => Buffer.from(`${text}\0`);

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32LE(value, index * 4);
  });
  return bytes;
}

const why = cannotMount('ext4');
describeUnless(why)("the device's loop", () => {
  let fresh: FreshVolume;
  let loop: DeviceLoop;
  let session: Session;
  const host = new HostSide();
  const logged: string[] = [];
  const forget = (node: number, lookups: number): void =>
    void host.ask(FORGET, node, words(lookups, 0));

  beforeAll(async () => {
    fresh = await mountFresh('ext4');
    const features = await probeFeatures(fresh.volume, true);
    loop = new DeviceLoop({
      volume: fresh.volume,
      libc: host.libc,
      fd: fs.openSync('/dev/null', 'r'),
      features,
      identities: await Identities.open(fresh.volume.kernel, fresh.volume.root),
      statistics: new RequestStatistics(operationNames),
      onLog: (line) => logged.push(line),
    });
    session = loop.session;
    const answer = await host.ask(INIT, 0, Buffer.concat([words(7, 36, 131072, ~0 >>> 0)]));
    expect(errorOf(answer)).toBe(0);
    expect(await loop.started).toBeUndefined();
  });
  afterAll(async () => {
    host.hangUp();
    await loop.ended;
    await fresh.close();
  });

  test('a body that is too short is EINVAL, whatever the operation', async () => {
    for (const { opcode, bodyBytes } of operations) {
      if (bodyBytes === 0 || opcode === FORGET || opcode === 42 || opcode === 36) continue;
      const answer = await host.ask(opcode, 1, Buffer.alloc(bodyBytes - 1));
      expect(errorOf(answer)).toBe(-errno.EINVAL);
    }
  });

  test('an unknown operation is ENOSYS, and so is one with a reason against it', async () => {
    for (const { opcode } of operations.filter(({ why: reason }) => reason !== undefined)) {
      expect(errorOf(await host.ask(opcode, 1, Buffer.alloc(64)))).toBe(-errno.ENOSYS);
    }
    expect(errorOf(await host.ask(4000, 1, Buffer.alloc(64)))).toBe(-errno.ENOSYS);
  });

  test('a node or a file that the host never got is refused', async () => {
    expect(errorOf(await host.ask(GETATTR, 999, Buffer.alloc(16)))).toBe(-errno.ESTALE);
    for (const opcode of [15, 16, 18, 20, 43, 46, 47]) {
      const body = Buffer.concat([words(77, 0), Buffer.alloc(80)]);
      expect(errorOf(await host.ask(opcode, 1, body))).toBe(-errno.EBADF);
    }
  });

  test('a name without its end is EINVAL', async () => {
    expect(errorOf(await host.ask(LOOKUP, 1, Buffer.from('abcd')))).toBe(-errno.EINVAL);
    expect(errorOf(await host.ask(MKDIR, 1, words(0o755, 0, 0x61616161)))).toBe(-errno.EINVAL);
  });

  test('a message whose length is wrong is dropped', async () => {
    const before = logged.length;
    host.send(Buffer.alloc(10));
    host.send(Buffer.alloc(60, 1));
    expect(errorOf(await host.ask(GETATTR, 1, Buffer.alloc(16)))).toBe(0);
    expect(logged.length).toBe(before + 2);
  });

  test('random bytes in every operation do no harm', async () => {
    const random = new Random(testSeed());
    console.log(`SEED=${random.seed}`);
    const silent = new Set([FORGET, 42, 36, INIT]);
    for (let round = 0; round < 400; round++) {
      const { opcode } = random.pick(operations);
      if (silent.has(opcode)) continue;
      const body = random.bytes(random.between(96, 400));
      expect(errorOf(await host.ask(opcode, random.below(4), body))).toBeLessThanOrEqual(0);
    }
    expect(errorOf(await host.ask(GETATTR, 1, Buffer.alloc(16)))).toBe(0);
    expect(logged.filter((line) => line.includes('internal error'))).toEqual([]);
  });

  test('a request that waits keeps its content, whatever comes after it', async () => {
    for (let i = 0; i < 5; i++) {
      expect(errorOf(await host.ask(LOOKUP, 999, name('nowhere')))).toBe(-errno.ESTALE);
    }
    // An identity has to be made for each of them first.
    const made = [101, 102, 103].map((uid) =>
      host.ask(MKDIR, 1, Buffer.concat([words(0o755, 0), name(`of-${uid}`)]), uid),
    );
    const others = ['a', 'b', 'c', 'd'].map((text) => host.ask(LOOKUP, 1, name(text)));
    await Promise.all([...made, ...others]);
    const listed = await fresh.fs.readdir('/');
    expect(listed.filter((text) => text.startsWith('of-')).sort()).toEqual([
      'of-101',
      'of-102',
      'of-103',
    ]);
  });

  test('a node lives as long as the host knows it', async () => {
    const made = await host.ask(MKDIR, 1, Buffer.concat([words(0o755, 0), name('kept')]));
    const node = nodeOf(made);
    expect(nodeOf(await host.ask(LOOKUP, 1, name('kept')))).toBe(node);
    forget(node, 1);
    expect(errorOf(await host.ask(GETATTR, node, Buffer.alloc(16)))).toBe(0);
    forget(node, 1);
    expect(errorOf(await host.ask(GETATTR, node, Buffer.alloc(16)))).toBe(-errno.ESTALE);
    expect(session.nodes.get(node)).toBeUndefined();
  });

  test('an open file keeps its node, and its close lets it go', async () => {
    const flags = abi.O_RDWR | abi.O_CREAT;
    const body = Buffer.concat([words(flags, 0o644, 0, 0), name('opened')]);
    const made = await host.ask(CREATE, 1, body);
    const node = nodeOf(made);
    const fh = made.readUInt32LE(16 + 128);
    const [before, filesBefore] = [session.nodes.size, session.files.size];
    forget(node, 1);
    expect(errorOf(await host.ask(GETATTR, node, Buffer.alloc(16)))).toBe(0);
    expect(errorOf(await host.ask(RELEASE, node, words(fh, 0, 0, 0, 0, 0)))).toBe(0);
    expect(session.nodes.get(node)).toBeUndefined();
    expect(session.nodes.size).toBe(before - 1);
    expect(session.files.size).toBe(filesBefore - 1);
  });
});
