/** Superblocks made by hand: as little of each as it takes to be recognised. */

const mib = 1024 * 1024;

function structure(bytes: number, fill: (view: DataView, raw: Buffer) => void): Uint8Array {
  const raw = Buffer.alloc(bytes);
  fill(new DataView(raw.buffer, raw.byteOffset, bytes), raw);
  return raw;
}

/** An ext4 of 16 MiB, cleanly unmounted; for offset 1024. */
export function ext4Superblock(label: string, options: { state?: number } = {}): Uint8Array {
  return structure(1024, (view, raw) => {
    view.setUint32(0x04, 16 * 1024, true);
    view.setUint32(0x0c, 6 * 1024, true);
    view.setUint32(0x20, 8192, true);
    view.setUint32(0x28, 2048, true);
    view.setUint16(0x38, 0xef53, true);
    view.setUint16(0x3a, options.state ?? 1, true);
    view.setUint32(0x4c, 1, true);
    view.setUint16(0x58, 256, true);
    view.setUint32(0x5c, 0x4, true);
    view.setUint32(0x60, 0x42, true);
    raw.fill(0xab, 0x68, 0x78);
    raw.write(label, 0x78);
  });
}

/** A version 1 superblock of md; `superAt` is its own place, in bytes. */
export function mdSuperblock(superAt: number, name: string): Uint8Array {
  return structure(256, (view, raw) => {
    view.setUint32(0, 0xa92b4efc, true);
    view.setUint32(4, 1, true);
    raw.fill(0x11, 16, 32);
    raw.write(name, 32);
    view.setBigUint64(80, BigInt((32 * mib) / 512), true);
    view.setUint32(92, 2, true);
    view.setBigUint64(144, BigInt(superAt / 512), true);
    raw.fill(0x22, 168, 184);
    view.setBigUint64(208, 0xffffffffffffffffn, true);
  });
}

/** A version 0.90 superblock of md, of a member with this much room for data. */
export function md090Superblock(dataBytes: number): Uint8Array {
  return structure(256, (view) => {
    view.setUint32(0, 0xa92b4efc, true);
    view.setUint32(8, 90, true);
    view.setUint32(20, 0x01020304, true);
    view.setUint32(32, dataBytes / 1024, true);
    view.setUint32(40, 2, true);
    view.setUint32(132, 1, true);
  });
}

/** A boot sector with boot code and one partition, in sectors of 512 bytes. */
export function mbr(startSector: number, sectors: number): Uint8Array {
  return structure(512, (view, raw) => {
    // What the boot loaders of Windows and GRUB begin with: a jump, as FAT's boot sector does.
    raw.set([0xeb, 0x63, 0x90]);
    raw[450] = 0x83;
    view.setUint32(454, startSector, true);
    view.setUint32(458, sectors, true);
    raw.set([0x55, 0xaa], 510);
  });
}

/** The end of the first page of swap space, and its header; for offset 1024. */
export function swapHeader(label: string): Uint8Array {
  return structure(3072, (view, raw) => {
    view.setUint32(0, 1, true);
    view.setUint32(4, 4095, true);
    raw.fill(0x33, 12, 28);
    raw.write(label, 28);
    raw.write('SWAPSPACE2', 3062);
  });
}

/** A FAT16 of 16 MiB with a label in its root directory and another in its boot sector. */
export function fat16(rootLabel: string, bootLabel: string): readonly [number, Uint8Array][] {
  const boot = structure(512, (view, raw) => {
    raw.set([0xeb, 0x3c, 0x90]);
    view.setUint16(0x0b, 512, true);
    raw[0x0d] = 4;
    view.setUint16(0x0e, 4, true);
    raw[0x10] = 2;
    view.setUint16(0x11, 512, true);
    view.setUint16(0x13, 32768, true);
    raw[0x15] = 0xf8;
    view.setUint16(0x16, 32, true);
    raw[0x26] = 0x29;
    view.setUint32(0x27, 0xcafe1234, true);
    raw.write(bootLabel.padEnd(11), 0x2b);
    raw.write('FAT16   ', 0x36);
    raw.set([0x55, 0xaa], 510);
  });
  const table = structure(4, (view) => view.setUint32(0, 0xfffffff8, true));
  const entry = structure(32, (_, raw) => {
    raw.write(rootLabel.padEnd(11), 0);
    raw[11] = 0x08;
  });
  const root: readonly [number, Uint8Array][] = rootLabel === '' ? [] : [[68 * 512, entry]];
  return [[0, boot], [4 * 512, table], ...root];
}

/**
 * An HFS that only wraps an HFS+ which begins `embedAt` bytes from the start (a multiple of 4096).
 */
export function hfsWrapper(embedAt: number): Uint8Array {
  return structure(162, (view, raw) => {
    raw.write('BD', 0);
    view.setUint32(20, 4096);
    view.setUint16(28, 0);
    raw.write('H+', 124);
    view.setUint16(126, embedAt / 4096);
  });
}

/** An HFS+ volume header without a catalogue; for offset 1024 of the volume. */
export function hfsPlusHeader(attributes: number): Uint8Array {
  return structure(512, (view, raw) => {
    raw.write('H+', 0);
    view.setUint16(2, 4);
    view.setUint32(4, attributes);
    view.setUint32(40, 4096);
    view.setUint32(44, 2048);
    view.setUint32(48, 1024);
    raw.set([1, 2, 3, 4, 5, 6, 7, 8], 104);
  });
}
