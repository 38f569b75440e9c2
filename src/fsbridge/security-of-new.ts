/** The owner, mode and ACL of a new file, as far as Linux does not give them by itself. */
import type { Buffer } from 'node:buffer';
import { isErrno } from '../vfs-linux/errno.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { ownerOfNew } from './access.ts';
import type { Create } from './create-request.ts';
import type { Fcb } from './fcb.ts';
import { OPTION } from './nt.ts';
import { applyPermissions, permissionsOfFcb } from './permissions.ts';
import { FILE_GENERIC_MAPPING } from './security/access-rights.ts';
import type { LinuxPermissions } from './security/acl-map.ts';
import { permissionsOf } from './security/acl-unmap.ts';
import { createObjectSecurity } from './security/inherit.ts';
import { parseSecurityDescriptor } from './security/security-descriptor.ts';
import { FILE_ATTRIBUTE } from './translate/attributes.ts';
import { type NtStatus, ntStatusOf, ntStatusOfResult, STATUS } from './translate/ntstatus.ts';

const anyWrite = 0o222;

/**
 * Without a descriptor in the request Linux has decided already: the mounting user, umask 022, the
 * directory's default ACL. A token with another owner, and a descriptor, are applied on top.
 * `statx` is the new file's.
 */
export async function securityOfNew(create: Create, statx: Statx): Promise<NtStatus> {
  const { vcb, irp } = create;
  if (!vcb.traits.owners) return STATUS.SUCCESS;
  const owner = ownerOfNew(create);
  const isOwned = owner === undefined || (owner.uid === statx.uid && owner.gid === statx.gid);
  if (isOwned && irp.securityDescriptor === undefined) return STATUS.SUCCESS;
  const fcb = create.place.fcb as Fcb;
  const before = await permissionsOfFcb(vcb, fcb);
  if (isErrno(before)) return ntStatusOf(before);
  const owned = owner === undefined ? before : { ...before, ...owner };
  const { securityDescriptor } = irp;
  const after =
    securityDescriptor === undefined
      ? owned
      : await withDescriptor(create, owned, securityDescriptor);
  if (typeof after === 'number') return after;
  return ntStatusOfResult(await applyPermissions(vcb, fcb, before, after));
}

async function withDescriptor(
  { vcb, irp, requester, place }: Create,
  permissions: LinuxPermissions,
  given: Buffer,
): Promise<LinuxPermissions | NtStatus> {
  const creator = parseSecurityDescriptor(given);
  if (creator === undefined) return STATUS.INVALID_SECURITY_DESCR;
  const inherited = await permissionsOfFcb(vcb, place.dir);
  const parent = isErrno(inherited) ? undefined : vcb.descriptors.of(inherited);
  const token = requester?.token ?? vcb.mountingTokens.restoring;
  const isDirectory = (irp.createOptions & OPTION.DIRECTORY_FILE) !== 0;
  const mapping = FILE_GENERIC_MAPPING;
  const { status, sd } = createObjectSecurity({ parent, creator, isDirectory, token, mapping });
  if (sd === undefined) return status;
  // The parts that the descriptor leaves out stay as Linux and the token have them.
  const dacl = creator.dacl === undefined ? undefined : sd.dacl;
  const wanted = { ...sd, owner: creator.owner, group: creator.group, dacl };
  const result = permissionsOf(wanted, permissions, vcb.descriptors.sids);
  if (result.permissions === undefined) return result.status;
  const isReadOnly = !isDirectory && (irp.fileAttributes & FILE_ATTRIBUTE.READONLY) !== 0;
  const { mode } = result.permissions;
  return { ...result.permissions, mode: isReadOnly ? mode & ~anyWrite : mode };
}
