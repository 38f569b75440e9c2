/**
 * The checksums that superblocks carry. CRCs are in their raw form: no inversion before or after, as
 * the kernel's crc32_le() and crc32c(); who needs one passes the seed and inverts the result.
 */

function tableOf(reflectedPolynomial: number): Uint32Array {
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? (crc >>> 1) ^ reflectedPolynomial : crc >>> 1;
    }
    table[i] = crc;
  }
  return table;
}

/** IEEE 802.3, as crc32_le(). */
const CRC32: Uint32Array = tableOf(0xedb88320);
/** Castagnoli, as crc32c(). */
const CRC32C: Uint32Array = tableOf(0x82f63b78);

function crcWith(table: Uint32Array, seed: number, bytes: Uint8Array): number {
  let crc = seed >>> 0;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  return crc >>> 0;
}

/** CRC-32 (IEEE) continued from seed. */
export function crc32(seed: number, bytes: Uint8Array): number {
  return crcWith(CRC32, seed, bytes);
}

/** CRC-32C continued from seed. */
export function crc32c(seed: number, bytes: Uint8Array): number {
  return crcWith(CRC32C, seed, bytes);
}

/** A CRC over bytes as if the four at holeAt, where the CRC itself is stored, were zero. */
export function crcWithHole(
  crc: (seed: number, bytes: Uint8Array) => number,
  seed: number,
  bytes: Uint8Array,
  holeAt: number,
): number {
  const before = crc(seed, bytes.subarray(0, holeAt));
  return crc(crc(before, new Uint8Array(4)), bytes.subarray(holeAt + 4));
}

const MASK64 = 0xffffffffffffffffn;
const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK64;
}

function round(accumulator: bigint, input: bigint): bigint {
  return (rotate((accumulator + input * P2) & MASK64, 31n) * P1) & MASK64;
}

/** xxHash64 with seed 0 (xxHash specification, section «XXH64 Algorithm»), as btrfs uses it. */
export function xxhash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let hash = P5;
  if (bytes.length >= 32) {
    const lanes = [(P1 + P2) & MASK64, P2, 0n, -P1 & MASK64];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) {
        lanes[lane] = round(lanes[lane] ?? 0n, view.getBigUint64(at + lane * 8, true));
      }
    }
    hash = lanes.reduce(
      (sum, lane, i) => (sum + rotate(lane, [1n, 7n, 12n, 18n][i] ?? 1n)) & MASK64,
      0n,
    );
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P1 + P4) & MASK64;
  }
  hash = (hash + BigInt(bytes.length)) & MASK64;
  for (; at + 8 <= bytes.length; at += 8) {
    hash ^= round(0n, view.getBigUint64(at, true));
    hash = (rotate(hash, 27n) * P1 + P4) & MASK64;
  }
  if (at + 4 <= bytes.length) {
    hash ^= (BigInt(view.getUint32(at, true)) * P1) & MASK64;
    hash = (rotate(hash, 23n) * P2 + P3) & MASK64;
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash ^= (BigInt(view.getUint8(at)) * P5) & MASK64;
    hash = (rotate(hash, 11n) * P1) & MASK64;
  }
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK64;
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK64;
  return hash ^ (hash >> 32n);
}
