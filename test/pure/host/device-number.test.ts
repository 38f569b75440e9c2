import { expect, test } from 'vitest';
import { majorMinor } from '../../../src/host/device-number.ts';

test('a device number is taken apart as glibc does it', () => {
  expect(majorMinor(0x801n)).toBe('8:1');
  expect(majorMinor(0xfe00n)).toBe('254:0');
  // makedev(259, 300) and makedev(0x12345, 0x6789a)
  expect(majorMinor(0x11032cn)).toBe('259:300');
  expect(majorMinor((0x12000n << 32n) | (0x67800n << 12n) | (0x345n << 8n) | 0x9an)).toBe(
    `${0x12345}:${0x6789a}`,
  );
});
