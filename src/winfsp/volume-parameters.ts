/** The volume that WinFsp's driver makes for an engine: its parameters, each with its reason. */
import type { VolumeFacts } from '../fsbridge/volume-facts.ts';
import type { WinFspMountOptions } from './mount-options.ts';
import { type VolumeParams, volumeFlags } from './wire/volume-params.ts';

/**
 * How long Windows keeps a file's FileInfo by default. With 0xffffffff it keeps the file's data
 * too, for as long as the volume exists.
 */
const fileInfoDefaultMs = 1000;
const lasting = 0xffffffff;
/** The worker returns from the driver this often: the process can end even if nothing wakes it. */
const transactTimeoutMs = 10_000;
/** The driver's maximum. A request waits in the driver only until the worker takes it. */
const irpTimeoutMs = 600_000;
const irpCapacity = 1000;

/**
 * The flags of every volume. Left out are NamedStreams, which Linux does not have, and
 * ReparsePointsAccessCheck, which would demand SeCreateSymbolicLinkPrivilege. Only the DLL's own
 * dispatcher reads the flags Um…; the two here describe what fsbridge does.
 */
const commonFlags: number =
  volumeFlags.UnicodeOnDisk |
  volumeFlags.CasePreservedExtendedAttributes |
  volumeFlags.PostCleanupWhenModifiedOnly |
  volumeFlags.PassQueryDirectoryFileName |
  volumeFlags.UmFileContextIsUserContext2 |
  volumeFlags.UmNoReparsePointsDirCheck |
  volumeFlags.AllowOpenInKernelMode |
  volumeFlags.DirectoryMarkerAsNextOffset |
  volumeFlags.SupportsPosixUnlinkRename |
  volumeFlags.PostDispositionWhenNecessaryOnly;

/** Adds the flags for what this volume's file system keeps (vfs-linux/file-system-traits.ts). */
function flagsOf(facts: VolumeFacts): number {
  let flags = commonFlags;
  if (facts.caseSensitive) flags |= volumeFlags.CaseSensitiveSearch;
  if (facts.casePreserved) flags |= volumeFlags.CasePreservedNames;
  if (facts.securityDescriptors) flags |= volumeFlags.PersistentAcls;
  if (facts.reparsePoints) flags |= volumeFlags.ReparsePoints;
  if (facts.extendedAttributes) flags |= volumeFlags.ExtendedAttributes;
  if (facts.wslMetadata) flags |= volumeFlags.WslFeatures;
  if (facts.readOnly) flags |= volumeFlags.ReadOnlyVolume;
  return flags;
}

export function volumeParamsOf(
  facts: VolumeFacts,
  prefix: string,
  options: WinFspMountOptions,
): VolumeParams {
  const fileInfoTimeoutMs = options.fileInfoTimeoutMs ?? fileInfoDefaultMs;
  let flags = flagsOf(facts);
  // With a lasting cache the data stays when a file is closed.
  if (fileInfoTimeoutMs !== lasting) flags |= volumeFlags.FlushAndPurgeOnCleanup;
  return {
    bytesPerSector: facts.bytesPerSector,
    sectorsPerAllocationUnit: facts.sectorsPerAllocationUnit,
    maximumComponentNameLength: facts.maximumComponentNameLength,
    volumeCreationTime: facts.volumeCreationTime,
    volumeSerialNumber: facts.volumeSerialNumber,
    transactTimeoutMs,
    irpTimeoutMs,
    irpCapacity,
    fileInfoTimeoutMs,
    volumeInfoTimeoutMs: fileInfoDefaultMs,
    dirInfoTimeoutMs: fileInfoTimeoutMs,
    // Windows sees a file's mode as a descriptor and as the EA $LXMOD. Setting one changes the
    // other, which the driver has cached.
    securityTimeoutMs: Math.min(fileInfoTimeoutMs, fileInfoDefaultMs),
    eaTimeoutMs: Math.min(fileInfoTimeoutMs, fileInfoDefaultMs),
    flags,
    prefix,
    fileSystemName: facts.fileSystemName,
  };
}
