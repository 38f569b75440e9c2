/**
 * Which chunks of a sparse map a range of bytes touches, at the price of the smaller of the two.
 */

/** The indices of the map's chunks that share a byte with [beginBytes, endBytes). */
export function chunksIn(
  chunks: ReadonlyMap<number, unknown>,
  beginBytes: number,
  endBytes: number,
  chunkBytes: number,
): number[] {
  const first = Math.floor(beginBytes / chunkBytes);
  const end = Math.ceil(endBytes / chunkBytes);
  const found: number[] = [];
  if (end - first > chunks.size) {
    for (const index of chunks.keys()) if (index >= first && index < end) found.push(index);
  } else {
    for (let index = first; index < end; index += 1) if (chunks.has(index)) found.push(index);
  }
  return found;
}
