/**
 * Walks through a scatter list: the Uint8Arrays of one request, taken as one run of bytes.
 *
 * Everything here makes views or copies bytes; nothing keeps a segment after it returns.
 */

/** The segments without their first countBytes, as views. Never has an empty view in it. */
export function dropBytes(segments: readonly Uint8Array[], countBytes: number): Uint8Array[] {
  const cursor = new SegmentCursor(segments);
  cursor.skip(countBytes);
  return cursor.take(Number.POSITIVE_INFINITY);
}

/** Goes through a scatter list once, from its beginning to its end. */
export class SegmentCursor {
  readonly #segments: readonly Uint8Array[];
  #index = 0;
  /** Position inside the segment at #index. */
  #withinBytes = 0;

  constructor(segments: readonly Uint8Array[]) {
    this.#segments = segments;
  }

  /** The next lengthBytes (fewer where the list ends), as views; moves behind them. */
  take(lengthBytes: number): Uint8Array[] {
    const views: Uint8Array[] = [];
    this.#advance(lengthBytes, (view) => views.push(view));
    return views;
  }

  skip(lengthBytes: number): void {
    this.#advance(lengthBytes, () => {});
  }

  /** Makes the next lengthBytes zero. */
  fillZeroes(lengthBytes: number): void {
    this.#advance(lengthBytes, (view) => view.fill(0));
  }

  /** Copies all of `source` over the next bytes. */
  copyFrom(source: Uint8Array): void {
    let doneBytes = 0;
    this.#advance(source.length, (view) => {
      view.set(source.subarray(doneBytes, doneBytes + view.length));
      doneBytes += view.length;
    });
  }

  /** Copies the next bytes over all of `target`. */
  copyTo(target: Uint8Array): void {
    let doneBytes = 0;
    this.#advance(target.length, (view) => {
      target.set(view, doneBytes);
      doneBytes += view.length;
    });
  }

  #advance(lengthBytes: number, visit: (view: Uint8Array) => void): void {
    let leftBytes = lengthBytes;
    while (leftBytes > 0) {
      const segment = this.#segments[this.#index];
      if (segment === undefined) return;
      const stepBytes = Math.min(leftBytes, segment.length - this.#withinBytes);
      if (stepBytes > 0) visit(segment.subarray(this.#withinBytes, this.#withinBytes + stepBytes));
      leftBytes -= stepBytes;
      this.#withinBytes += stepBytes;
      if (this.#withinBytes < segment.length) return;
      this.#index += 1;
      this.#withinBytes = 0;
    }
  }
}
