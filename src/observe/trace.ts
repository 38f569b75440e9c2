/**
 * Records how requests spend their time: spans in the JSON of Chrome's trace viewer, which Perfetto
 * (ui.perfetto.dev) opens. There is a category for each layer, and a track for each request.
 *
 * A request's layers overlap with those of others, so the spans are asynchronous events ("b", "e"
 * of the Trace Event Format, "Nestable async events"): those with the same id nest.
 *
 * Invariants:
 * 1. Off, it costs the caller one read of `trace.isOn`, and allocates nothing.
 * 2. The file can be opened at any time, even after a crash: the format allows the closing bracket
 *    to be missing, and only whole lines are written.
 * 3. What is not written yet takes at most 64 KiB and one event of memory. A file that cannot be
 *    written turns the trace off; it never harms a request.
 */
import fs from 'node:fs';
import { FsBridgeError } from '../errors.ts';
import { hostCode } from '../host/host-error.ts';

const pieceChars = 64 * 1024;

class Trace {
  /** Whether the trace is on. Callers read this before they compute anything for a span. */
  isOn = false;
  #fd = -1;
  #text = '';
  #lastId = 0;

  /**
   * Begins a trace in a new file, which replaces an existing one. Throws FsBridgeError with the
   * host's code where the file cannot be made.
   */
  open(path: string): void {
    this.close();
    try {
      this.#fd = fs.openSync(path, 'w', 0o600);
    } catch (error) {
      const code = hostCode(error);
      const why = 'the trace cannot be written there';
      throw new FsBridgeError(code, path, why, 'Name a file in a folder of your own.');
    }
    this.isOn = true;
    // Each further line begins with its comma, so that only the bracket is missing after a crash.
    const args = '{"name":"fsbridge"}';
    this.#text = `[{"name":"process_name","ph":"M","pid":${process.pid},"args":${args}}\n`;
  }

  /** A number for one request: its spans in all layers have this id. */
  nextId(): number {
    return ++this.#lastId;
  }

  /**
   * Notes a span that has ended: in that layer ("fuse", "engine", "kernel", "disk"), from `startMs`
   * to `endMs` of performance.now(). `detail` is shown with it.
   */
  span(
    layer: string,
    name: string,
    id: number,
    startMs: number,
    endMs: number,
    detail?: Readonly<Record<string, unknown>>,
  ): void {
    if (!this.isOn) return;
    const head = `{"cat":${JSON.stringify(layer)},"name":${JSON.stringify(name)},"id":${id}`;
    const place = `"pid":${process.pid},"tid":1`;
    const args = detail === undefined ? '' : `,"args":${JSON.stringify(detail)}`;
    this.#line(`${head},"ph":"b","ts":${micros(startMs)},${place}${args}}`);
    this.#line(`${head},"ph":"e","ts":${micros(endMs)},${place}}`);
  }

  /** Writes the rest. A second call does nothing. */
  close(): void {
    if (this.#fd < 0) return;
    this.#text += ']\n';
    this.#flush();
    this.#end();
  }

  #line(json: string): void {
    this.#text += `,${json}\n`;
    if (this.#text.length >= pieceChars) this.#flush();
  }

  #flush(): void {
    try {
      fs.writeFileSync(this.#fd, this.#text);
    } catch {
      this.#end();
    }
    this.#text = '';
  }

  #end(): void {
    const fd = this.#fd;
    this.isOn = false;
    this.#fd = -1;
    try {
      fs.closeSync(fd);
    } catch {
      // The file is as complete as the host lets it be.
    }
  }
}

function micros(timeMs: number): string {
  return (timeMs * 1000).toFixed(1);
}

/** The process's trace: a mount is a process of its own. */
export const trace: Trace = new Trace();
