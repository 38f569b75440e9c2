/**
 * An open file: its descriptor, its lifetime, and its position. The base class of FileHandle.
 *
 * Invariants:
 * 1. The descriptor is closed once, after the last operation on it has ended, because the kernel
 *    gives its number to the next file at once.
 * 2. Every call to the kernel names an offset. The position that read(2) and write(2) would keep is
 *    kept here, and operations at the current position run one after the other.
 * 3. An open file is registered with the volume, which closes it before it is unmounted.
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

  /** The kernel's descriptor; -1 after close. */
  get fd(): number {
    return this.#fd;
  }

  protected get context(): FsContext {
    return this.#context;
  }

  /** Runs an operation on the descriptor, and keeps it open meanwhile. Throws EBADF after close. */
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

  /** Runs an operation like `using`, and throws the error for a negative errno. */
  protected async checked(
    syscall: string,
    operation: (fd: Fd, calls: LinuxCalls) => Promise<number>,
  ): Promise<number> {
    return this.#context.check(await this.using(syscall, operation), syscall);
  }

  /**
   * Runs a step at the offset given, or at the current position, which moves by the step's answer.
   */
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

  /** Corrects the position after a write with O_APPEND, which went to the file's end. */
  protected async positionAfterAppend(fd: Fd): Promise<void> {
    const { O_APPEND, O_RDWR } = abi;
    // Without O_RDWR, nothing reads at the position.
    if ((this.#openFlags & (O_APPEND | O_RDWR)) !== (O_APPEND | O_RDWR)) return;
    const end = await this.#context.calls.lseek(fd, 0, abi.SEEK_END);
    if (end >= 0) this.#positionBytes = end;
  }

  /** Waits for the operations under way, and closes. A second call answers the same promise. */
  close(): Promise<void> {
    if (this.#fd === -1) return Promise.resolve();
    if (this.#closing === undefined) {
      this.#closing = this.#close();
      // As in Node the event comes first, so that streams on the file stop asking.
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

  /** Throws ERR_INVALID_STATE after close, when no stream can begin. */
  protected assertOpen(): void {
    if (this.#fd !== -1 && this.#closing === undefined) return;
    throw codedError('ERR_INVALID_STATE', 'Invalid state: The FileHandle is closed');
  }
}
