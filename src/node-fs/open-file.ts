/**
 * An open file: its descriptor, its life, and its position. FileHandle stands on it.
 *
 * Invariants:
 * 1. The descriptor is closed once, after the last operation on it has ended: the kernel gives its
 *    number to the next file at once.
 * 2. The kernel's calls all say where in the file they are; the position that read(2) and write(2)
 *    would keep is kept here. Operations at "the current position" run one after the other.
 * 3. While it is open the volume knows of it, and closes it before it is unmounted.
 */
import { EventEmitter } from 'node:events';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd, LinuxCalls } from '../vfs-linux/calls.ts';
import { SystemError } from '../vfs-linux/errors.ts';
import { codedError } from './argument-errors.ts';
import type { FsContext } from './context.ts';

export class OpenFile extends EventEmitter implements AsyncDisposable {
  readonly #context: FsContext;
  readonly #openFlags: number;
  readonly #forget: () => void;
  #fd: Fd;
  #users = 0;
  #closing: Promise<void> | undefined;
  #whenUnused: (() => void) | undefined;
  #positionBytes = 0;
  #turn: Promise<unknown> | undefined;

  constructor(context: FsContext, fd: Fd, openFlags: number) {
    super();
    this.#context = context;
    this.#fd = fd;
    this.#openFlags = openFlags;
    this.#forget = context.hold(() => this.close());
  }

  /** The kernel's number for it; -1 once it is closed. */
  get fd(): number {
    return this.#fd;
  }

  protected get context(): FsContext {
    return this.#context;
  }

  /** Runs an operation on the descriptor, which stays open meanwhile. Throws EBADF once closed. */
  protected async using<T>(
    syscall: string,
    operation: (fd: Fd, calls: LinuxCalls) => Promise<T>,
  ): Promise<T> {
    if (this.#fd === -1 || this.#closing !== undefined) throw new SystemError(errno.EBADF, syscall);
    this.#users++;
    try {
      return await operation(this.#fd, this.#context.calls);
    } finally {
      this.#users--;
      if (this.#users === 0) this.#whenUnused?.();
    }
  }

  /** The same, and a negative errno becomes an error. */
  protected async checked(
    syscall: string,
    operation: (fd: Fd, calls: LinuxCalls) => Promise<number>,
  ): Promise<number> {
    return this.#context.check(await this.using(syscall, operation), syscall);
  }

  /** Runs at a position: the one given, or the current one, which it moves by what it answers. */
  protected atPosition(
    positionBytes: number | undefined,
    step: (offsetBytes: number) => Promise<number>,
  ): Promise<number> {
    if (positionBytes !== undefined) return step(positionBytes);
    const run = async (): Promise<number> => {
      const moved = await step(this.#positionBytes);
      if (moved > 0) this.#positionBytes += moved;
      return moved;
    };
    const result = this.#turn === undefined ? run() : this.#turn.then(run);
    const turn: Promise<void> = result.then(
      () => this.#endTurn(turn),
      () => this.#endTurn(turn),
    );
    this.#turn = turn;
    return result;
  }

  #endTurn(turn: Promise<unknown>): void {
    if (this.#turn === turn) this.#turn = undefined;
  }

  /** After a write: with O_APPEND it went to the end, wherever the position was. */
  protected async positionAfterAppend(fd: Fd): Promise<void> {
    const { O_APPEND, O_RDWR } = abi;
    // Who only appends never asks where the position is.
    if ((this.#openFlags & (O_APPEND | O_RDWR)) !== (O_APPEND | O_RDWR)) return;
    const end = await this.#context.calls.lseek(fd, 0, abi.SEEK_END);
    if (end >= 0) this.#positionBytes = end;
  }

  /** Waits for what is under way, and closes. A second call does nothing. */
  close(): Promise<void> {
    if (this.#fd === -1) return Promise.resolve();
    if (this.#closing === undefined) {
      this.#closing = this.#close();
      // As Node: first the news, so that streams on it stop asking.
      this.emit('close');
    }
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#users > 0) {
      await new Promise<void>((resolve) => {
        this.#whenUnused = resolve;
      });
    }
    const fd = this.#fd;
    this.#fd = -1;
    const ret = await this.#context.calls.close(fd);
    this.#forget();
    this.#context.check(ret, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Throws where a stream on it cannot begin. */
  protected assertOpen(): void {
    if (this.#fd !== -1 && this.#closing === undefined) return;
    throw codedError('ERR_INVALID_STATE', 'Invalid state: The FileHandle is closed');
  }
}
