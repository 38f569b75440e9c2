/**
 * The parameters with which the volume was made: FSP_FSCTL_VOLUME_PARAMS, read by the offsets of
 * its description. The model behaves like a driver with these parameters.
 */

export interface VolumeParameters {
  readonly sectorSize: number;
  readonly sectorsPerAllocationUnit: number;
  readonly maxComponentLength: number;
  readonly fileInfoTimeoutMs: number;
  readonly dirInfoTimeoutMs: number;
  readonly securityTimeoutMs: number;
  readonly eaTimeoutMs: number;
  readonly caseSensitiveSearch: boolean;
  readonly casePreservedNames: boolean;
  readonly unicodeOnDisk: boolean;
  readonly readOnlyVolume: boolean;
  readonly persistentAcls: boolean;
  readonly reparsePoints: boolean;
  readonly extendedAttributes: boolean;
  readonly postCleanupWhenModifiedOnly: boolean;
  readonly passQueryDirectoryPattern: boolean;
  readonly passQueryDirectoryFileName: boolean;
  readonly allowOpenInKernelMode: boolean;
  readonly directoryMarkerAsNextOffset: boolean;
  readonly supportsPosixUnlinkRename: boolean;
}

/** The parameters for tests that choose none. */
export const usualParameters: VolumeParameters = {
  sectorSize: 4096,
  sectorsPerAllocationUnit: 1,
  maxComponentLength: 255,
  fileInfoTimeoutMs: 1000,
  dirInfoTimeoutMs: 1000,
  securityTimeoutMs: 1000,
  eaTimeoutMs: 1000,
  caseSensitiveSearch: true,
  casePreservedNames: true,
  unicodeOnDisk: true,
  readOnlyVolume: false,
  persistentAcls: true,
  reparsePoints: true,
  extendedAttributes: true,
  postCleanupWhenModifiedOnly: true,
  passQueryDirectoryPattern: false,
  passQueryDirectoryFileName: true,
  allowOpenInKernelMode: true,
  directoryMarkerAsNextOffset: true,
  supportsPosixUnlinkRename: true,
};

const flagsAt = 36;
const timeoutBitsAt = 456;

/** Reads the 504 bytes for FspFsctlCreateVolume. */
export function readVolumeParameters(bytes: Buffer): VolumeParameters {
  const flags = bytes.readUInt32LE(flagsAt);
  const flag = (bit: number): boolean => (flags & (1 << bit)) !== 0;
  const fileInfoTimeoutMs = bytes.readUInt32LE(32);
  const own = bytes.readUInt16LE(0) >= 504 ? bytes.readUInt32LE(timeoutBitsAt) : 0;
  const timeout = (bit: number, at: number): number =>
    (own & (1 << bit)) !== 0 ? bytes.readUInt32LE(at) : fileInfoTimeoutMs;
  return {
    sectorSize: bytes.readUInt16LE(2),
    sectorsPerAllocationUnit: bytes.readUInt16LE(4),
    maxComponentLength: bytes.readUInt16LE(6),
    fileInfoTimeoutMs,
    dirInfoTimeoutMs: timeout(1, 464),
    securityTimeoutMs: timeout(2, 468),
    eaTimeoutMs: timeout(4, 476),
    caseSensitiveSearch: flag(0),
    casePreservedNames: flag(1),
    unicodeOnDisk: flag(2),
    readOnlyVolume: flag(9),
    persistentAcls: flag(3),
    reparsePoints: flag(4),
    extendedAttributes: flag(8),
    postCleanupWhenModifiedOnly: flag(10),
    passQueryDirectoryPattern: flag(11),
    passQueryDirectoryFileName: flag(13),
    allowOpenInKernelMode: flag(24),
    directoryMarkerAsNextOffset: flag(27),
    supportsPosixUnlinkRename: flag(29),
  };
}
