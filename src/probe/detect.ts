/**
 * Tells what lies on a disk or a partition, from its bytes alone: the role that libblkid plays on
 * Linux, with how the file system was left in addition.
 *
 *     detect -> formats.ts, the list -> format.ts, one format as data -> formats/…, the formats
 *
 * Which of several findings counts is libblkid's rule (superblocks.c). Nothing is looked for
 * inside a RAID member or an encrypted disk, since a mirror's file system shows through. Several
 * file systems on one disk are fine where the formats allow it (UDF with ISO 9660); otherwise all
 * but one are leftovers: the first is answered and the others are named in alsoFound.
 *
 * Invariants: nothing is written; damaged or hostile bytes cause no exception, no endless loop and
 * no read beyond a few MiB; a region that cannot be read counts as not being there.
 */

import { type ByteReader, CachedReader } from './cached-reader.ts';
import type { Detected } from './detected.ts';
import type { Format } from './format.ts';
import { formats } from './formats.ts';

/** A disk of this size or less holds nothing. */
const maxEmptyBytes = 1024;
/** Up to the size of a floppy libblkid looks for no RAID and takes the first match. */
const maxTinyBytes: number = 1440 * 1024;

interface Finding {
  readonly format: Format;
  readonly volume: Detected;
}

/** One answer from all findings, which are in the order of the formats. */
function combine(findings: readonly Finding[]): Detected | undefined {
  const [first, ...rest] = findings;
  if (first === undefined || rest.length === 0) return first?.volume;
  const together = findings.every(({ format }) => format.tolerant);
  if (!together) return { ...first.volume, alsoFound: rest.map(({ volume }) => volume.type) };
  const kernelTypes = findings.flatMap(({ volume }) => volume.kernelTypes);
  return { ...first.volume, kernelTypes };
}

/** What the disk holds; undefined where nothing is recognised. */
export async function detect(reader: ByteReader): Promise<Detected | undefined> {
  const disk = new CachedReader(reader);
  if (disk.sizeBytes <= maxEmptyBytes) return undefined;
  const tiny = disk.sizeBytes <= maxTinyBytes;
  const findings: Finding[] = [];
  for (const format of formats) {
    if (disk.sizeBytes < format.minBytes) continue;
    if (tiny && format.usage === 'raid') continue;
    const volume = await format.probe(disk);
    if (volume === undefined) continue;
    if (tiny && !format.tolerant) return findings.length === 0 ? volume : combine(findings);
    findings.push({ format, volume });
    if (format.usage === 'raid' || format.usage === 'crypto') break;
  }
  return combine(findings);
}
