/**
 * Hears of logoff, shutdown and sleep before they come (session-worker.ts), and holds Windows up while
 * something is done about it. Without a desktop, as in a service, it hears of nothing: a service is
 * told of its end in another way.
 */
import { Worker } from 'node:worker_threads';
import {
  quitMessage,
  type SessionEvent,
  type SessionMessage,
  sessionWords,
} from './session-messages.ts';

type Call = (...args: readonly unknown[]) => number;

const workerFile: URL = new URL(
  `./session-worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);
const wordsBytes = 8;
const exitMs = 2000;
const everyNumber = 0x7fffffff;

export class SessionWatch {
  /** The thread with the window; 0 without one. */
  #threadId = 0;
  #words: Int32Array;
  #worker: Worker;
  #postToThread: Call;
  #exited: Promise<void>;
  /**
   * A process that ends cuts its threads off, and one that Windows calls at that moment would be the
   * end of all: so the window goes first.
   */
  #onExit = (): void => {
    this.release();
    Atomics.wait(this.#words, sessionWords.over, 0, exitMs);
  };
  /** Resolves when it is known whether there is a window. */
  readonly started: Promise<void>;

  private constructor(postToThread: Call, onEvent: (event: SessionEvent) => Promise<void>) {
    const shared = new SharedArrayBuffer(wordsBytes);
    this.#words = new Int32Array(shared);
    this.#postToThread = postToThread;
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
          if (message.kind === 'window') this.#threadId = message.threadId;
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
    const types = ['uint32', 'uint32', 'uintptr_t', 'intptr_t'];
    const user32 = koffi.load('user32.dll');
    const postToThread = user32.func('PostThreadMessageW', 'int32', types) as Call;
    const watch = new SessionWatch(postToThread, onEvent);
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
    if (this.#threadId !== 0) this.#postToThread(this.#threadId, quitMessage, 0, 0);
    this.#threadId = 0;
  }

  async stop(): Promise<void> {
    this.#worker.ref();
    this.release();
    await this.#exited;
  }
}
