/** The kinds of requests: FSP_FSCTL_TRANSACT_*Kind, with their names for logs and statistics. */

export const kind = {
  Create: 1,
  Overwrite: 2,
  Cleanup: 3,
  Close: 4,
  Read: 5,
  Write: 6,
  QueryInformation: 7,
  SetInformation: 8,
  QueryEa: 9,
  SetEa: 10,
  FlushBuffers: 11,
  QueryVolumeInformation: 12,
  SetVolumeInformation: 13,
  QueryDirectory: 14,
  FileSystemControl: 15,
  DeviceControl: 16,
  Shutdown: 17,
  LockControl: 18,
  QuerySecurity: 19,
  SetSecurity: 20,
  QueryStreamInformation: 21,
} as const;

/** By number; what has none is "Unknown". */
export const kindNames: readonly string[] = ['Unknown', ...Object.keys(kind)];

export function kindName(number: number): string {
  return kindNames[number] ?? `Unknown(${number})`;
}
