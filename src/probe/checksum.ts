/**
 * The checksums that superblocks carry. CRCs are in their raw form: no inversion before or after,
 * as in the kernel's crc32_le() and crc32c(). A format that inverts passes the seed and inverts
 * the result.
 */
import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC-32 (IEEE 802.3) continued from seed. zlib's own inverts before and after. */
export function crc32(seed: number, bytes: Uint8Array): number {
  return ~zlibCrc32(bytes, ~seed >>> 0) >>> 0;
}

/** The table of CRC-32C (Castagnoli) for one byte at a time. */
const crc32cTable: Uint32Array = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C continued from seed. */
export function crc32c(seed: number, bytes: Uint8Array): number {
  let crc = seed >>> 0;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crc32cTable[(crc ^ byte) & 0xff] ?? 0);
  return crc >>> 0;
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

const mask64 = 0xffffffffffffffffn;
const prime1 = 0x9e3779b185ebca87n;
const prime2 = 0xc2b2ae3d27d4eb4fn;
const prime3 = 0x165667b19e3779f9n;
const prime4 = 0x85ebca77c2b2ae63n;
const prime5 = 0x27d4eb2f165667c5n;

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & mask64;
}

function round(accumulator: bigint, input: bigint): bigint {
  return (rotate((accumulator + input * prime2) & mask64, 31n) * prime1) & mask64;
}

/** xxHash64 with seed 0 (xxHash specification, section «XXH64 Algorithm»), as btrfs uses it. */
export function xxhash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let hash = prime5;
  if (bytes.length >= 32) {
    const lanes = [(prime1 + prime2) & mask64, prime2, 0n, -prime1 & mask64];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) {
        lanes[lane] = round(lanes[lane] ?? 0n, view.getBigUint64(at + lane * 8, true));
      }
    }
    hash = lanes.reduce(
      (sum, lane, i) => (sum + rotate(lane, [1n, 7n, 12n, 18n][i] ?? 1n)) & mask64,
      0n,
    );
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * prime1 + prime4) & mask64;
  }
  hash = (hash + BigInt(bytes.length)) & mask64;
  for (; at + 8 <= bytes.length; at += 8) {
    hash ^= round(0n, view.getBigUint64(at, true));
    hash = (rotate(hash, 27n) * prime1 + prime4) & mask64;
  }
  if (at + 4 <= bytes.length) {
    hash ^= (BigInt(view.getUint32(at, true)) * prime1) & mask64;
    hash = (rotate(hash, 23n) * prime2 + prime3) & mask64;
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash ^= (BigInt(view.getUint8(at)) * prime5) & mask64;
    hash = (rotate(hash, 11n) * prime1) & mask64;
  }
  hash = ((hash ^ (hash >> 33n)) * prime2) & mask64;
  hash = ((hash ^ (hash >> 29n)) * prime3) & mask64;
  return hash ^ (hash >> 32n);
}
