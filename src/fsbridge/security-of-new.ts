/** What a new file's owner, mode and ACL are, beside what Linux gives it by itself. */
import type { Buffer } from 'node:buffer';
import { isErrno } from '../vfs-linux/errno.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { mountingToken, ownerOfNew, type Requester } from './access.ts';
import type { Fcb } from './fcb.ts';
import type { CreateIrp } from './irp/irp.ts';
import { OPTION } from './nt.ts';
import { applyPermissions, permissionsOfFcb } from './permissions.ts';
import { FILE_GENERIC_MAPPING } from './security/access-rights.ts';
import type { LinuxPermissions } from './security/acl-map.ts';
import { permissionsOf } from './security/acl-unmap.ts';
import { createObjectSecurity } from './security/inherit.ts';
import { parseSecurityDescriptor } from './security/security-descriptor.ts';
import { FILE_ATTRIBUTE } from './translate/attributes.ts';
import { type NtStatus, ntStatusOf, ntStatusOfResult, STATUS } from './translate/ntstatus.ts';
import type { Vcb } from './vcb.ts';
import type { Place } from './walk.ts';

const anyWrite = 0o222;

/**
 * Without a descriptor in the request Linux has decided already: the mounting user, umask 022, the
 * directory's default ACL. A token with another owner, and a descriptor, come on top.
 */
export async function securityOfNew(
  vcb: Vcb,
  irp: CreateIrp,
  made: Place,
  statx: Statx,
  requester: Requester | undefined,
): Promise<NtStatus> {
  if (!vcb.traits.owners) return STATUS.SUCCESS;
  const owner = ownerOfNew(vcb, requester);
  const isOwned = owner === undefined || (owner.uid === statx.uid && owner.gid === statx.gid);
  if (isOwned && irp.securityDescriptor === undefined) return STATUS.SUCCESS;
  const fcb = made.fcb as Fcb;
  const before = await permissionsOfFcb(vcb, fcb);
  if (isErrno(before)) return ntStatusOf(before);
  let after: LinuxPermissions | NtStatus = owner === undefined ? before : { ...before, ...owner };
  if (irp.securityDescriptor !== undefined) {
    after = await withDescriptor(vcb, irp, made.dir, after, requester);
  }
  if (typeof after === 'number') return after;
  return ntStatusOfResult(await applyPermissions(vcb, fcb, before, after));
}

async function withDescriptor(
  vcb: Vcb,
  irp: CreateIrp,
  dir: Fcb,
  permissions: LinuxPermissions,
  requester: Requester | undefined,
): Promise<LinuxPermissions | NtStatus> {
  const creator = parseSecurityDescriptor(irp.securityDescriptor as Buffer);
  if (creator === undefined) return STATUS.INVALID_SECURITY_DESCR;
  const inherited = await permissionsOfFcb(vcb, dir);
  const parent = isErrno(inherited) ? undefined : vcb.descriptors.of(inherited);
  const token = requester?.token ?? mountingToken(vcb, new Set(['SeRestorePrivilege']));
  const isDirectory = (irp.createOptions & OPTION.DIRECTORY_FILE) !== 0;
  const mapping = FILE_GENERIC_MAPPING;
  const { status, sd } = createObjectSecurity({ parent, creator, isDirectory, token, mapping });
  if (sd === undefined) return status;
  // What the descriptor says nothing about is as Linux and the token have it.
  const dacl = creator.dacl === undefined ? undefined : sd.dacl;
  const wanted = { ...sd, owner: creator.owner, group: creator.group, dacl };
  const result = permissionsOf(wanted, permissions, vcb.descriptors.sids);
  if (result.permissions === undefined) return result.status;
  const isReadOnly = !isDirectory && (irp.fileAttributes & FILE_ATTRIBUTE.READONLY) !== 0;
  const { mode } = result.permissions;
  return { ...result.permissions, mode: isReadOnly ? mode & ~anyWrite : mode };
}
