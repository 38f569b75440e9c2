/**
 * Opens a mounted volume for the engine: finds out once what its file system can do and whose disk
 * it is, and composes the Vcb.
 */
import { Buffer } from 'node:buffer';
import { FsBridgeError } from '../errors.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { type Fd, itself } from '../vfs-linux/calls.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import { errnoMeaning, errnoName } from '../vfs-linux/errors.ts';
import { type FileSystemTraits, traitsOf } from '../vfs-linux/file-system-traits.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { DirectoryNames } from './directory-names.ts';
import { DirectoryReader } from './directory-reader.ts';
import { FcbTable } from './fcb-table.ts';
import { FileObjectTable } from './file-object-table.ts';
import { openHandle } from './open-inode.ts';
import type { EngineOptions } from './options.ts';
import { DescriptorCache } from './security/descriptor-cache.ts';
import { type Account, MountingTokens } from './security/mounting-token.ts';
import { SidMap } from './security/sid-map.ts';
import { dosAttribXattr } from './translate/dos-attrib.ts';
import type { Vcb } from './vcb.ts';
import { VolumeLabel } from './volume-label.ts';

/** The uid of the first person on most systems (login.defs: UID_MIN). */
const firstPerson = 1000;
/** Linux's default for users: others may read. */
const umask = 0o022;
/** Whether an account is a person's, and not one of the system's own; nobody is 65534. */
const isPersons = (uid: number): boolean => uid >= firstPerson && uid < 65534;

/** Directories in which a person's own files may lie; the first is the root. */
const placesOfPeople: readonly string[] = ['.', 'home'];

/**
 * Whose disk this is, where the map of ids does not say: the owner of its root, or the person with
 * the lowest uid with a file in it or in /home. Without such a user the owner is root.
 */
async function likelyOwner(volume: Volume): Promise<Account> {
  const { calls } = volume;
  const root = await calls.fstatx(volume.root);
  if (!isErrno(root) && isPersons(root.uid)) return root;
  for (const place of placesOfPeople) {
    const openFlags = abi.O_RDONLY | abi.O_DIRECTORY | abi.O_NOFOLLOW;
    const fd = await calls.openat2(volume.root, place, openFlags);
    if (fd < 0) continue;
    const entries = await calls.getdentsStatx(fd, 0n);
    await calls.close(fd);
    if (isErrno(entries)) continue;
    const people = entries.flatMap(({ statx }) => statx ?? []).filter(({ uid }) => isPersons(uid));
    const [first] = people.sort((one, other) => one.uid - other.uid);
    if (first !== undefined) return { uid: first.uid, gid: first.gid };
  }
  return { uid: 0, gid: 0 };
}

/** The mounting user's Linux account: by his SID in the map, or whose disk it is. */
async function mountingAccount(volume: Volume, options: EngineOptions): Promise<Account> {
  const { mountingUserSid, uidMap = [] } = options;
  const named = uidMap.find(({ kind, sid }) => kind === 'user' && sid === mountingUserSid)?.id;
  const likely = await likelyOwner(volume);
  return named === undefined || named === likely.uid ? likely : { uid: named, gid: named };
}

/** Which SID each Linux number has on this volume. */
function sidMapOf({ mountingUserSid: sid, uidMap = [] }: EngineOptions, id: number): SidMap {
  const uids = uidMap.filter(({ kind }) => kind === 'user');
  const gids = uidMap.filter(({ kind }) => kind === 'group');
  return new SidMap({ uids: sid === undefined ? uids : [{ id, sid }, ...uids], gids });
}

/** The longest name in bytes. UTF-8 takes three bytes at most for one UTF-16 unit. */
async function maxNameBytes(volume: Volume, traits: FileSystemTraits): Promise<number> {
  if (traits.maxNameUnits !== undefined) return 3 * traits.maxNameUnits;
  const statfs = await volume.calls.fstatfs(volume.root);
  return isErrno(statfs) ? abi.NAME_MAX : statfs.namelen;
}

/** Whether this volume keeps user.* attributes: ext2 to ext4 may be made without them. */
async function keepsXattrs({ calls, root }: Volume, traits: FileSystemTraits): Promise<boolean> {
  if (!traits.userXattrs) return false;
  const listed = await calls.listxattrat(itself(root), Buffer.alloc(0));
  return listed !== -errno.EOPNOTSUPP;
}

/** A volume with its root open. */
export interface OpenVolume extends AsyncDisposable {
  readonly vcb: Vcb;
}

/** Throws FsBridgeError where the volume does not answer at all. */
export async function openVolume(volume: Volume, options: EngineOptions): Promise<OpenVolume> {
  const { calls } = volume;
  const traits = traitsOf(volume.type);
  const hasXattrs = await keepsXattrs(volume, traits);
  const lookupWant = hasXattrs ? { xattr: dosAttribXattr } : undefined;
  const opened = await openHandle({ calls, lookupWant }, volume.root, Buffer.from('.'));
  if (isErrno(opened)) {
    throw new FsBridgeError(errnoName(opened), volume.device, errnoMeaning(opened));
  }
  const account = await mountingAccount(volume, options);
  const identity = await volume.kernel.identity({ ...account, capable: true });
  const files = new FcbTable(calls);
  const closeFd = (fd: Fd): void => files.closeFd(fd);
  const sids = sidMapOf(options, account.uid);
  const vcb: Vcb = {
    volume,
    readOnly: options.readOnly === true || volume.readOnly,
    // Without owners there are no rights to look up.
    permissions: traits.owners ? (options.permissions ?? 'map') : 'ignore',
    traits,
    hasXattrs,
    lookupWant,
    calls,
    creating: calls.as(identity, umask),
    account,
    root: files.openRoot(opened.statx, opened.fd),
    files,
    fileObjects: new FileObjectTable(files),
    names: new DirectoryNames(calls, closeFd, {
      caseSensitive: options.caseSensitive ?? traits.caseRule === 'sensitive',
      maxBytes: await maxNameBytes(volume, traits),
    }),
    directories: new DirectoryReader(calls, closeFd, lookupWant?.xattr),
    descriptors: new DescriptorCache(sids),
    mountingTokens: new MountingTokens(sids, account),
    label: new VolumeLabel(volume, options.label),
  };
  const close = async (): Promise<void> => {
    vcb.fileObjects.clear();
    await files.closeAll();
    if (volume.kernel.failure !== undefined) return;
    await volume.kernel.forgetIdentity(identity).catch(() => {});
  };
  return { vcb, [Symbol.asyncDispose]: close };
}
