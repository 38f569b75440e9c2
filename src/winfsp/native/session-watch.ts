/**
 * Reports logoff, shutdown and sleep before they happen (session-worker.ts), and makes Windows wait
 * while the program reacts. Without a desktop it reports nothing: a service learns of its end in
 * another way.
 */
import { Worker } from 'node:worker_threads';
import { loadFfi, type Native } from '../../host/ffi.ts';
import { siblingModule } from '../../host/sibling-module.ts';
import {
  quitMessage,
  type SessionEvent,
  type SessionMessage,
  sessionWords,
} from './session-messages.ts';

const wordsBytes = 8;
const exitMaxMs = 2000;
const everyNumber = 0x7fffffff;

export class SessionWatch {
  /** The thread with the window; 0 without one. */
  #threadId = 0;
  #words: Int32Array;
  #worker: Worker;
  #postToThread: Native;
  #exited: Promise<void>;
  /**
   * The end of the process terminates its threads, and Windows must not call one at that moment. So
   * the window is removed first.
   */
  #onExit = (): void => {
    this.release();
    Atomics.wait(this.#words, sessionWords.over, 0, exitMaxMs);
  };
  /** Resolves when the worker has made the window, or has found that it cannot. */
  readonly started: Promise<void>;

  private constructor(postToThread: Native, onEvent: (event: SessionEvent) => Promise<void>) {
    const shared = new SharedArrayBuffer(wordsBytes);
    this.#words = new Int32Array(shared);
    this.#postToThread = postToThread;
    this.#worker = new Worker(siblingModule(import.meta.url, './session-worker'), {
      workerData: shared,
      name: 'fsbridge-session',
    });
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

  /** Windows waits until the promise of `onEvent` is settled, or until its patience ends. */
  static async start(onEvent: (event: SessionEvent) => Promise<void>): Promise<SessionWatch> {
    const types = ['uint32', 'uint32', 'uintptr_t', 'intptr_t'];
    const postToThread = (await loadFfi()).open('user32.dll')('PostThreadMessageW', 'int32', types);
    const watch = new SessionWatch(postToThread, onEvent);
    await watch.started;
    // The window alone does not keep the process running.
    watch.#worker.unref();
    return watch;
  }

  #answer(number: number): void {
    Atomics.store(this.#words, sessionWords.answered, number);
    Atomics.notify(this.#words, sessionWords.answered);
  }

  /** Wakes the worker, which then ends. Does not wait for it: the process may be ending. */
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
