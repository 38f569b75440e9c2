/**
 * A subject of the benchmark: one way to reach the files of an image.
 *
 * A subject runs whole rounds by itself, so that its loop looks like a user's code: with plain
 * calls where the API blocks, with several requests in flight where it has promises. All paths
 * begin with "/", the image's root. Every failure throws, because a failed round has no time.
 */

export interface Work {
  /**
   * Reads the file's first lengthBytes, pieceBytes at a time, from the first to the last. Where
   * calls are promises, `depth` of them are in flight: one where memory answers (more would only
   * spread the buffers over the caches), some for a disk.
   */
  readSequential(
    path: string,
    lengthBytes: number,
    pieceBytes: number,
    depth: number,
  ): Promise<void>;
  /** Writes them likewise; makes the file where it is not there, and leaves its length. */
  writeSequential(path: string, lengthBytes: number, pieceBytes: number): Promise<void>;
  /** Reads lengthBytes at each of the offsets, `depth` requests in flight. */
  readRandom(
    path: string,
    offsetsBytes: readonly number[],
    lengthBytes: number,
    depth: number,
  ): Promise<void>;
  /** Asks for the size and times of each, `depth` requests in flight. */
  stat(paths: readonly string[], depth: number): Promise<void>;
  /** Lists the directory; throws unless it has that many names, "." and ".." left out. */
  readdir(path: string, names: number): Promise<void>;
  /** The same with the size and times of each name. */
  list(path: string, names: number): Promise<void>;
  /** Opens each for reading and closes it, one after the other. */
  openAndClose(paths: readonly string[]): Promise<void>;
  mkdir(path: string): Promise<void>;
  /** Makes empty files (O_CREAT | O_EXCL) and closes them, `depth` at a time. */
  create(paths: readonly string[], depth: number): Promise<void>;
  unlink(paths: readonly string[]): Promise<void>;
  /** Writes 4 KiB and calls fsync, at each of the offsets. */
  writeAndSync(path: string, offsetsBytes: readonly number[]): Promise<void>;
  /** Makes a file's bytes durable. */
  fsync(path: string): Promise<void>;
}

export type Operation = keyof Work;

export const operations: readonly Operation[] = [
  'readSequential',
  'writeSequential',
  'readRandom',
  'stat',
  'readdir',
  'list',
  'openAndClose',
  'mkdir',
  'create',
  'unlink',
  'writeAndSync',
  'fsync',
];

export interface Subject extends Work {
  readonly name: string;
  /** The operations that this subject takes part in; the others may throw. */
  readonly measured: ReadonlySet<Operation>;
  /** Empties the subject's caches and the host's. Needs root. */
  makeCold(): Promise<void>;
  /** Writes out dirty data, so that the next round does not pay for it. */
  settle(): Promise<void>;
  /** Closes everything. The image is consistent afterwards. */
  close(): Promise<void>;
}

const kept = new Map<number, Buffer[]>();

/** `count` buffers of incompressible bytes. Every call returns the same buffers. */
export function buffers(count: number, lengthBytes: number): readonly Buffer[] {
  let list = kept.get(lengthBytes);
  if (list === undefined) {
    list = [];
    kept.set(lengthBytes, list);
  }
  while (list.length < count) list.push(noise(lengthBytes));
  return list.slice(0, count);
}

function noise(lengthBytes: number): Buffer {
  const buffer = Buffer.alloc(lengthBytes);
  let state = 0x2545f491;
  for (let at = 0; at + 4 <= lengthBytes; at += 4) {
    // Marsaglia's xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    buffer.writeInt32LE(state, at);
  }
  return buffer;
}

/** Does `step` for each number below `count`, `depth` of them at a time. */
export async function inFlight(
  count: number,
  depth: number,
  step: (index: number, lane: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (lane: number): Promise<void> => {
    while (next < count) await step(next++, lane);
  };
  await Promise.all(Array.from({ length: Math.min(depth, count) }, (_, lane) => work(lane)));
}

/** Throws unless a call transferred all requested bytes. */
export function expectBytes(what: string, got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`${what}: ${got} instead of ${wanted}`);
}
