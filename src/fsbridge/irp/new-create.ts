/** A Create with nothing asked for yet: what a transport fills in. */
import { FileInfo } from '../file-info.ts';
import type { CreateIrp } from './irp.ts';

/** Every in-field is "no" or empty; `given` says otherwise. */
export function newCreateIrp(given: Partial<CreateIrp> = {}): CreateIrp {
  return {
    fileName: '',
    createDisposition: 0,
    createOptions: 0,
    fileAttributes: 0,
    desiredAccess: 0,
    grantedAccess: 0,
    securityDescriptor: undefined,
    allocationSize: 0,
    ea: undefined,
    eaIsReparsePoint: false,
    userMode: true,
    hasTraversePrivilege: false,
    hasBackupPrivilege: false,
    hasRestorePrivilege: false,
    openTargetDirectory: false,
    hasTrailingBackslash: false,
    acceptsSecurityDescriptor: false,
    accessToken: undefined,
    information: 0,
    fileObject: undefined,
    fileInfo: new FileInfo(),
    normalizedName: undefined,
    answeredSecurityDescriptor: undefined,
    disableCache: false,
    reparseBuffer: undefined,
    ...given,
  };
}
