/**
 * Checks the arguments of getAcl and setAcl before they become an attribute. The error codes are
 * those that Node gives for the same mistakes.
 */
import { type AclEntry, type AclKind, hasId, isAclTag } from '../vfs-linux/posix-acl.ts';
import { invalidValue, outOfRange } from './argument-errors.ts';

/** Throws ERR_INVALID_ARG_VALUE for anything but 'access' and 'default'. */
export function checkAclKind(kind: AclKind): void {
  if (kind !== 'access' && kind !== 'default') {
    throw invalidValue('kind', kind, "must be 'access' or 'default'");
  }
}

/** Throws ERR_OUT_OF_RANGE or ERR_INVALID_ARG_VALUE for the first entry that makes no sense. */
export function checkAclEntries(entries: readonly AclEntry[]): void {
  for (const { tag, perm, id } of entries) {
    if (!isAclTag(tag)) throw invalidValue('tag', tag);
    if (!Number.isInteger(perm) || perm < 0 || perm > 7) throw outOfRange('perm', '0 to 7', perm);
    if (hasId(tag) !== (id !== undefined)) {
      throw invalidValue('id', id, `must ${hasId(tag) ? '' : 'not '}be there: ${tag}`);
    }
  }
}
