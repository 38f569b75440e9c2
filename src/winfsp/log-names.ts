/** Windows' names for numbers in requests, for the lines of FSBRIDGE_DEBUG=irp. */

const dispositions = ['SUPERSEDE', 'OPEN', 'CREATE', 'OPEN_IF', 'OVERWRITE', 'OVERWRITE_IF'];

export function createDispositionName(disposition: number): string {
  return dispositions[disposition] ?? String(disposition);
}

const informationClasses: Readonly<Record<number, string>> = {
  4: 'Basic',
  10: 'Rename',
  13: 'Disposition',
  19: 'Allocation',
  20: 'EndOfFile',
  64: 'DispositionEx',
  65: 'RenameEx',
};

export function informationClassName(fileInformationClass: number): string {
  return informationClasses[fileInformationClass] ?? String(fileInformationClass);
}

const controlCodes: Readonly<Record<number, string>> = {
  589988: 'FSCTL_SET_REPARSE_POINT',
  589992: 'FSCTL_GET_REPARSE_POINT',
  589996: 'FSCTL_DELETE_REPARSE_POINT',
};

export function controlCodeName(code: number): string {
  return controlCodes[code] ?? hex(code);
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
