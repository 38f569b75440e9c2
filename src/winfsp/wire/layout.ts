/**
 * C structures as data. A structure is declared once, by its fields and their C types. The offsets
 * follow from the rules of every Windows compiler: a field lies at a multiple of its alignment, and
 * the structure's size is a multiple of the largest alignment. The size that WinFsp's header
 * asserts is asserted here too, so that a forgotten or mistyped field is found when the program
 * starts.
 */

interface FieldKind {
  readonly bytes: number;
  readonly alignment: number;
}

const fieldKinds: Readonly<Record<FieldType, FieldKind>> = {
  u8: { bytes: 1, alignment: 1 },
  u16: { bytes: 2, alignment: 2 },
  u32: { bytes: 4, alignment: 4 },
  u64: { bytes: 8, alignment: 8 },
  /** FSP_FSCTL_TRANSACT_BUF: u16 Offset, u16 Size. */
  buf: { bytes: 4, alignment: 2 },
};

export type FieldType = 'u8' | 'u16' | 'u32' | 'u64' | 'buf';

/** A field's type, or an array as [type, length]. */
export type Field = FieldType | readonly [FieldType, number];

/** The offset of each field, and the size of the whole in bytes. */
export type Layout<Fields> = { readonly [Name in keyof Fields]: number } & {
  readonly size: number;
};

/**
 * Lays out a structure. `sizeBytes` is C's sizeof. `startBytes` is for a member of a union or a
 * structure within another: its offsets and its size count from the start of the outer one.
 */
export function layout<Fields extends Readonly<Record<string, Field>>>(
  name: string,
  sizeBytes: number,
  fields: Fields,
  startBytes = 0,
): Layout<Fields> {
  const offsets: Record<string, number> = {};
  let end = startBytes;
  let largest = 1;
  for (const [field, type] of Object.entries(fields)) {
    const [element, count] = typeof type === 'string' ? [type, 1] : type;
    const { bytes, alignment } = fieldKinds[element];
    const at = alignUp(end, alignment);
    offsets[field] = at;
    end = at + bytes * count;
    largest = Math.max(largest, alignment);
  }
  const size = alignUp(end, largest);
  if (size !== sizeBytes) throw new Error(`${name} has ${size} bytes instead of ${sizeBytes}`);
  return { ...offsets, size } as Layout<Fields>;
}

/** The next multiple of `alignment`, a power of two. */
export function alignUp(offset: number, alignment: number): number {
  return (offset + alignment - 1) & -alignment;
}
