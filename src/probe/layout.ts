/**
 * The fields of a superblock as data: each has a name, a type and an offset in bytes, and is read
 * through that. Offsets are written out, as in the comments of the kernel's headers: a superblock
 * has hundreds of fields, and detection wants ten of them.
 */

import type { Fields } from './fields.ts';
import { byteLabel, formatSerial } from './text.ts';

/** How one field is read from the bytes of a superblock. */
export type Field<T> = (superblock: Fields) => T;
export type FieldTable = Readonly<Record<string, Field<unknown>>>;

/** What a table of fields reads. */
export type Values<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Field<infer T> ? T : never;
};

/** Reads a table of fields. */
export function readFields<Table extends FieldTable>(table: Table, bytes: Fields): Values<Table> {
  const entries = Object.entries(table).map(([name, field]) => [name, field(bytes)] as const);
  return Object.fromEntries(entries) as Values<Table>;
}

/** Numbers in the superblock's own byte order. */
export const u8 = (at: number): Field<number> => {
  return (sb) => sb.u8(at);
};
export const i8 = (at: number): Field<number> => {
  return (sb) => sb.i8(at);
};
export const u16 = (at: number): Field<number> => {
  return (sb) => sb.u16(at);
};
export const u32 = (at: number): Field<number> => {
  return (sb) => sb.u32(at);
};
/** Rounded beyond 2^53. */
export const u64 = (at: number): Field<number> => {
  return (sb) => sb.u64(at);
};
export const big64 = (at: number): Field<bigint> => {
  return (sb) => sb.big64(at);
};
/** A big-endian number in a superblock whose other numbers are little-endian. */
export const be32 = (at: number): Field<number> => {
  return (sb) => sb.big.u32(at);
};

export const bytes = (at: number, lengthBytes: number): Field<Uint8Array> => {
  return (sb) => sb.slice(at, lengthBytes);
};
/** A label, or anything else in bytes that ends at a NUL or at the field's end. */
export const text = (at: number, lengthBytes: number): Field<string | undefined> => {
  return (sb) => byteLabel(sb.slice(at, lengthBytes));
};
export const uuid = (at: number): Field<string | undefined> => {
  return (sb) => sb.uuid(at);
};
/** A serial number of 32 bits, as FAT has it: XXXX-XXXX. */
export const serial = (at: number): Field<string | undefined> => {
  return (sb) => formatSerial(sb.u32(at));
};

/** A number as text; with several they have dots between them, as in "1.16". */
export const dotted = (...numbers: readonly Field<number | bigint>[]): Field<string> => {
  return (sb) => numbers.map((number) => number(sb)).join('.');
};
/** A field of another one's values. */
export const map = <T, U>(field: Field<T>, change: (value: T) => U): Field<U> => {
  return (sb) => change(field(sb));
};
/** What every disk of this format has alike. */
export const constant = <T>(value: T): Field<T> => {
  return () => value;
};
