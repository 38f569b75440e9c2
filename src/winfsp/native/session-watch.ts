/**
 * Hears of logoff, shutdown and sleep before they come (session-worker.ts), and holds Windows up while
 * something is done about it. Without a desktop, as in a service, it hears of nothing: a service is
 * told of its end in another way.
 */
import { Worker } from 'node:worker_threads';
import {
  type SessionEvent,
  type SessionMessage,
  sessionWords,
  windowEnd,
} from './session-messages.ts';

type Call = (...args: readonly unknown[]) => number;

const workerFile: URL = new URL(
  `./session-worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);
const wordsBytes = 4;
const everyNumber = 0x7fffffff;

export class SessionWatch {
  /** The window, for who wants to send it something; 0n without one. */
  window = 0n;
  #words: Int32Array;
  #worker: Worker;
  #postMessage: Call;
  #exited: Promise<void>;
  #onExit = (): void => this.release();
  /** Resolves when it is known whether there is a window. */
  readonly started: Promise<void>;

  private constructor(postMessage: Call, onEvent: (event: SessionEvent) => Promise<void>) {
    const shared = new SharedArrayBuffer(wordsBytes);
    this.#words = new Int32Array(shared);
    this.#postMessage = postMessage;
    this.#worker = new Worker(workerFile, { workerData: shared, name: 'fsbridge-session' });
    process.once('exit', this.#onExit);
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        process.off('exit', this.#onExit);
        resolve();
      });
    });
    this.started = new Promise((resolve) => {
      this.#worker.on('message', (message: SessionMessage) => {
        if (message.kind === 'event') {
          const answer = (): void => this.#answer(message.number);
          onEvent(message.event).then(answer, answer);
        } else {
          if (message.kind === 'window') this.window = message.handle;
          resolve();
        }
      });
      this.#worker.once('error', () => resolve());
      this.#worker.once('exit', () => resolve());
    });
  }

  /** Windows waits until what `onEvent` answers is settled, or for as long as it likes to. */
  static async start(onEvent: (event: SessionEvent) => Promise<void>): Promise<SessionWatch> {
    const { default: koffi } = await import('koffi');
    const types = ['uintptr_t', 'uint32', 'uintptr_t', 'intptr_t'];
    const postMessage = koffi.load('user32.dll').func('PostMessageW', 'int32', types) as Call;
    const watch = new SessionWatch(postMessage, onEvent);
    await watch.started;
    // A window alone is no reason to stay.
    watch.#worker.unref();
    return watch;
  }

  #answer(number: number): void {
    Atomics.store(this.#words, sessionWords.answered, number);
    Atomics.notify(this.#words, sessionWords.answered);
  }

  /** Wakes the worker so that it ends; without waiting for it, as the process may be ending. */
  release(): void {
    this.#answer(everyNumber);
    if (this.window !== 0n) this.#postMessage(this.window, windowEnd, 0, 0);
    this.window = 0n;
  }

  async stop(): Promise<void> {
    this.#worker.ref();
    this.release();
    await this.#exited;
  }
}
