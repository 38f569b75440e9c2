/** What a transport tells Windows about a volume when it makes the drive. */
import { createHash } from 'node:crypto';
import { isErrno } from '../vfs-linux/errno.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { toFileTime } from './translate/times.ts';
import type { Vcb } from './vcb.ts';

export interface VolumeFacts {
  /** Such as "ext4". */
  readonly fileSystemName: string;
  /** UTF-16 units. */
  readonly maximumComponentNameLength: number;
  readonly volumeSerialNumber: number;
  /** FILETIME. */
  readonly volumeCreationTime: bigint;
  readonly bytesPerSector: number;
  readonly sectorsPerAllocationUnit: number;
  readonly readOnly: boolean;
  readonly caseSensitive: boolean;
  /** A name keeps the case that it was made with. */
  readonly casePreserved: boolean;
  /** Files have an owner and rights: FILE_PERSISTENT_ACLS. */
  readonly securityDescriptors: boolean;
  readonly reparsePoints: boolean;
  readonly extendedAttributes: boolean;
  /** WSL may keep Linux's owners, modes and special files through the drive. */
  readonly wslMetadata: boolean;
}

export async function volumeFacts(vcb: Vcb): Promise<VolumeFacts> {
  const { volume, traits } = vcb;
  const root = await vcb.calls.fstatx(vcb.root.handle);
  const statfs = await vcb.calls.fstatfs(volume.root);
  const born = isErrno(root) ? { sec: 0, nsec: 0 } : root.hasBtime ? root.btime : root.mtime;
  const sectorBytes = isErrno(statfs) ? 4096 : Math.min(statfs.frsize, 4096);
  return {
    fileSystemName: volume.type,
    maximumComponentNameLength: 255,
    volumeSerialNumber: serialOf(volume, born),
    volumeCreationTime: toFileTime(born.sec, born.nsec),
    bytesPerSector: Math.max(sectorBytes, 512),
    sectorsPerAllocationUnit: 1,
    caseSensitive: vcb.names.caseSensitive,
    readOnly: vcb.readOnly,
    casePreserved: traits.caseRule !== 'folded',
    securityDescriptors: traits.owners,
    reparsePoints: traits.symlinks,
    // $LXUID and its like are EAs to Windows, and the inode's own numbers here.
    extendedAttributes: vcb.hasXattrs || traits.owners,
    wslMetadata: traits.owners && traits.symlinks,
  };
}

/** The same at every mount: the root's birth is that of the file system. */
function serialOf(volume: Volume, born: { sec: number; nsec: number }): number {
  const hash = createHash('sha256').update(`${volume.type}:${born.sec}:${born.nsec}`).digest();
  return hash.readUInt32LE(0);
}
