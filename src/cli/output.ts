/**
 * Standard output, written no faster than it is read, and in large pieces. When the reader goes
 * away (`| head`), the command is interrupted and ends without a message: that is no failure.
 */
import { Buffer } from 'node:buffer';
import { interrupt, interruption } from '../host/interrupt.ts';
import { escapeJson, escapeLines } from '../observe/display-names.ts';

const pieceBytes = 64 * 1024;

class Output {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #watching = false;

  /** Whether it is a terminal, and so is read by a person. */
  get isTerminal(): boolean {
    return process.stdout.isTTY === true;
  }

  /**
   * Writes text or bytes; waits where the reader is slower. Afterwards the caller may change the
   * bytes.
   */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    if (bytes.length >= pieceBytes) {
      await this.flush();
      await this.#send(bytes);
      return;
    }
    this.#parts.push(typeof data === 'string' ? bytes : Buffer.from(bytes));
    this.#bytes += bytes.length;
    if (this.#bytes >= pieceBytes) await this.flush();
  }

  /**
   * Writes text and the end of a line, or bytes that the caller has escaped. A terminal gets no
   * control character of a text.
   */
  async line(text: string | Uint8Array): Promise<void> {
    if (typeof text !== 'string') await this.write(Buffer.concat([text, newline]));
    else await this.write(`${this.isTerminal ? escapeLines(text) : text}\n`);
  }

  /** Writes a line of JSON; a terminal gets the same value without control characters. */
  async jsonLine(json: string): Promise<void> {
    await this.write(`${this.isTerminal ? escapeJson(json) : json}\n`);
  }

  /** Sends everything that was written so far. */
  async flush(): Promise<void> {
    if (this.#bytes === 0) return;
    const all = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    await this.#send(all);
  }

  /** An interruption ends the wait: the reader may have stopped reading. */
  async #send(bytes: Uint8Array): Promise<void> {
    this.#watch();
    if (interruption.aborted) throw interruption.reason;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        interruption.removeEventListener('abort', settle);
        resolve();
      };
      interruption.addEventListener('abort', settle);
      process.stdout.write(bytes, settle);
    });
    if (interruption.aborted) throw interruption.reason;
  }

  /** An error comes as an event, before the callback of the write that met it. */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') {
        interrupt(0);
        return;
      }
      process.stderr.write(`fsbridge: standard output: ${error.message} (${error.code})\n`);
      interrupt(1);
    });
  }

  /** Sends the rest. Every write waits for its end, so nothing is under way afterwards. */
  async end(): Promise<void> {
    if (!interruption.aborted) await this.flush();
  }
}

const newline: Buffer = Buffer.from('\n');

export const output: Output = new Output();
