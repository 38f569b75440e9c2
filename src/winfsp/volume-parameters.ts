/** Which volume WinFsp's driver is to make for an engine, and why so. */
import type { VolumeFacts } from '../fsbridge/volume-facts.ts';
import type { WinFspMountOptions } from './mount-options.ts';
import { type VolumeParams, volumeFlags } from './wire/volume-params.ts';

/**
 * Without a lasting cache a file's FileInfo is right for this long. With 0xffffffff Windows keeps
 * data too, and must be told of every change from elsewhere.
 */
const fileInfoDefaultMs = 1000;
const lasting = 0xffffffff;
/** The worker comes back from the driver this often, so that a process without an end can end. */
const transactTimeoutMs = 10_000;
/** The most that the driver allows: a request waits for the worker only, which hardly ever waits. */
const irpTimeoutMs = 600_000;
const irpCapacity = 1000;

/**
 * Flags that every volume has. Not among them: NamedStreams, as Linux has none;
 * ReparsePointsAccessCheck, which would ask for SeCreateSymbolicLinkPrivilege; UmFileContext flags
 * other than the one that describes what we do, as only the DLL's own dispatcher reads them.
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

/** The flags that say what this volume's file system keeps (vfs-linux/file-system-traits.ts). */
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
  // With a lasting cache the data is to stay when a file is closed.
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
    // $LXMOD and its like show one thing in two places: a change here is not seen in the other's cache.
    securityTimeoutMs: Math.min(fileInfoTimeoutMs, fileInfoDefaultMs),
    eaTimeoutMs: Math.min(fileInfoTimeoutMs, fileInfoDefaultMs),
    flags,
    prefix,
    fileSystemName: facts.fileSystemName,
  };
}
