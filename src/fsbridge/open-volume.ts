/** What is found out once about a volume: what its file system can do, and what it is called. */
import { Buffer } from 'node:buffer';
import { FsBridgeError } from '../errors.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { itself } from '../vfs-linux/calls.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import { errnoMeaning, errnoName } from '../vfs-linux/errors.ts';
import { type FileSystemTraits, traitsOf } from '../vfs-linux/file-system-traits.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import type { EngineOptions } from './options.ts';
import { type Options, Vcb } from './vcb.ts';

/** Of the first person on most systems (login.defs: UID_MIN). */
const firstPerson = 1000;
/** Linux's default for users: others may read. */
const umask = 0o022;
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Numbers of people, not of the system's own accounts; nobody is 65534. */
const isPersons = (uid: number): boolean => uid >= firstPerson && uid < 65534;

/** Of these directories, the first of which is the root, the people who have something in them. */
const placesOfPeople: readonly string[] = ['.', 'home'];

/**
 * Whose disk this is, where nobody says: the owner of its root, or the first person who has something
 * in it or in /home. A disk on which no person has anything is nobody's yet, and its root's.
 */
async function likelyOwner(volume: Volume): Promise<Owner> {
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

/** The mounting user's Linux account: as given, by his SID in the map, or whose disk it is. */
async function mountingAccount(volume: Volume, options: EngineOptions): Promise<Owner> {
  const { mountingUid, mountingGid, mountingUserSid, uidMap = [] } = options;
  const named = uidMap.find(({ kind, sid }) => kind === 'user' && sid === mountingUserSid)?.id;
  const likely = await likelyOwner(volume);
  const uid = mountingUid ?? named ?? likely.uid;
  const ownGid = uid === likely.uid ? likely.gid : uid;
  return { uid, gid: mountingGid ?? ownGid };
}

async function resolveOptions(volume: Volume, options: EngineOptions): Promise<Options> {
  const account = await mountingAccount(volume, options);
  const traits = traitsOf(volume.type);
  return {
    caseSensitive: traits.caseRule === 'sensitive',
    permissions: 'map',
    uidMap: [],
    hideDotFiles: false,
    fileSystemName: volume.type,
    specialFiles: 'lx',
    ...options,
    mountingUid: account.uid,
    mountingGid: account.gid,
    // Where there are no owners, nobody's rights can be looked up.
    ...(traits.owners ? {} : { permissions: 'ignore' }),
    readOnly: options.readOnly === true || volume.readOnly,
  };
}

/** Throws FsBridgeError where the volume does not answer at all. */
export async function openVcb(volume: Volume, given: EngineOptions): Promise<Vcb> {
  const options = await resolveOptions(volume, given);
  const { mountingUid: uid, mountingGid: gid } = options;
  const identity = await volume.kernel.identity({ uid, gid, capable: true });
  const xattrs = await volume.calls.listxattrat(itself(volume.root), Buffer.alloc(0));
  const statfs = await volume.calls.fstatfs(volume.root);
  const traits = traitsOf(volume.type);
  const vcb = new Vcb({
    volume,
    options,
    traits,
    creating: volume.calls.as(identity, umask),
    nameMostBytes: maxNameBytesOf(traits, isErrno(statfs) ? abi.NAME_MAX : statfs.namelen),
    hasXattrs: traits.userXattrs && xattrs !== -errno.EOPNOTSUPP,
  });
  vcb.identity = identity;
  const opened = await vcb.openRoot();
  if (opened < 0) {
    throw new FsBridgeError(errnoName(opened), volume.device, errnoMeaning(opened));
  }
  return vcb;
}

/** UTF-8 takes three bytes at most for one UTF-16 unit. */
function maxNameBytesOf({ maxNameUnits }: FileSystemTraits, statfsBytes: number): number {
  return maxNameUnits === undefined ? statfsBytes : 3 * maxNameUnits;
}
