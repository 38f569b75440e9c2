/**
 * File systems that keep less than ext4, and NTFS: a volume claims what its file system keeps, and
 * the calls agree with the claim.
 */
import { type Case, expectEqual, expectStatus, expectTrue, type FsType } from '../case.ts';
import { access, attribute, disposition, fsctl, status } from '../driver/nt.ts';
import { expectSuccess } from '../driver/program.ts';
import { encodeSymbolicLink } from '../driver/reparse.ts';
import { everyone } from '../driver/token.ts';

const fat: readonly FsType[] = ['vfat', 'exfat'];
const ntfs: readonly FsType[] = ['ntfs3'];

/** FILE_FS_ATTRIBUTE_INFORMATION, MS-FSCC 2.5.1. */
const claims = {
  caseSensitiveSearch: 0x1,
  casePreservedNames: 0x2,
  unicodeOnDisk: 0x4,
  persistentAcls: 0x8,
  reparsePoints: 0x80,
  posixUnlinkRename: 0x400,
  extendedAttributes: 0x800000,
} as const;
const claimRule = 'MS-FSCC 2.5.1; WinFsp src/sys/volinfo.c; COMPATIBILITY.md, Flags';
const securityRule =
  'FastFat has no IRP_MJ_QUERY_SECURITY: the I/O manager answers for it (IopGetSetSecurityObject)';
const eaRule = 'WinFsp src/sys/ea.c and create.c: without ExtendedAttributes';
const reparseRule = 'WinFsp src/sys/fsctl.c: without ReparsePoints';
const all = { access: access.OWNER };
const link = encodeSymbolicLink({ substituteName: 'b', printName: 'b', relative: true });

/** The claims by name, so that a failure can be read. */
function namesOf(flags: number): string[] {
  return Object.entries(claims).flatMap(([name, bit]) => ((flags & bit) !== 0 ? [name] : []));
}

const onFat: readonly Omit<Case, 'types'>[] = [
  {
    name: 'FAT claims names that keep their case, and neither ACLs nor reparse points nor EAs',
    rule: claimRule,
    async run({ win }) {
      const { casePreservedNames, unicodeOnDisk, posixUnlinkRename } = claims;
      const expected = casePreservedNames | unicodeOnDisk | posixUnlinkRename;
      expectEqual(namesOf(win.queryAttributes()), namesOf(expected), 'the claims');
    },
  },
  {
    name: 'the descriptor of a file on FAT gives everyone everything',
    rule: securityRule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), all);
      const { status: answered, descriptor } = await handle.querySecurity();
      expectSuccess(answered, 'query security');
      expectEqual(descriptor?.owner, everyone, 'the owner');
      expectEqual(
        descriptor?.dacl?.map(({ type, mask, sid }) => ({ type, mask, sid })),
        [{ type: 0, mask: access.ALL, sid: everyone }],
        'the list',
      );
      await handle.close();
    },
  },
  {
    name: 'a descriptor that is set on FAT is accepted, and changes nothing',
    rule: securityRule,
    async run({ win, path, linux, linuxPath }) {
      await win.makeFile(path('a'), 'text');
      const before = await linux.stat(linuxPath('a'));
      const handle = await win.mustOpen(path('a'), all);
      const deny = { type: 1, flags: 0, mask: access.ALL, sid: everyone };
      expectSuccess(await handle.setSecurity(4, { control: 0, dacl: [deny] }), 'set security');
      await handle.close();
      expectEqual((await win.readFile(path('a'))).toString(), 'text', 'the content');
      expectEqual((await linux.stat(linuxPath('a'))).mode, before.mode, 'the mode');
    },
  },
  {
    name: 'EAs are refused on FAT: asked for, set, and given to a new file',
    rule: eaRule,
    async run({ win, path, dir }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), all);
      const eas = [{ name: 'NOTE', value: Buffer.from('x') }];
      expectStatus((await handle.queryEa()).status, status.INVALID_DEVICE_REQUEST, 'query');
      expectStatus(await handle.setEa(eas), status.INVALID_DEVICE_REQUEST, 'set');
      await handle.close();
      const made = await win.tryOpen(path('b'), { disposition: disposition.CREATE, eas });
      expectStatus(made, status.EAS_NOT_SUPPORTED, 'create');
      expectEqual(await win.list(dir), ['a'], 'the names');
    },
  },
  {
    name: 'a link cannot be made on FAT, and the file stays a file',
    rule: reparseRule,
    async run({ win, path }) {
      await win.makeFile(path('a'), 'text');
      const handle = await win.mustOpen(path('a'), all);
      const set = await handle.control(fsctl.SET_REPARSE_POINT, link);
      expectStatus(set.status, status.INVALID_DEVICE_REQUEST, 'set');
      const get = await handle.control(fsctl.GET_REPARSE_POINT);
      expectStatus(get.status, status.INVALID_DEVICE_REQUEST, 'get');
      await handle.close();
      const { fileAttributes } = await win.stat(path('a'));
      expectEqual(fileAttributes & attribute.REPARSE_POINT, 0, 'its attributes');
      expectEqual((await win.readFile(path('a'))).toString(), 'text', 'its content');
    },
  },
  {
    name: 'on FAT two spellings are one file, which keeps the case it was made with',
    rule: 'MS-FSA 2.1.5.1: a volume without FILE_CASE_SENSITIVE_SEARCH',
    async run({ win, path, dir }) {
      await win.makeFile(path('Read Me.TXT'), 'text');
      expectEqual((await win.readFile(path('READ ME.txt'))).toString(), 'text', 'its content');
      const again = await win.tryOpen(path('read me.txt'), { disposition: disposition.CREATE });
      expectStatus(again, status.OBJECT_NAME_COLLISION);
      expectSuccess(await win.move(path('read me.txt'), path('README.txt')), 'rename');
      expectEqual(await win.list(dir), ['README.txt'], 'the names');
    },
  },
  {
    name: 'FAT keeps READONLY, which refuses writing until it is taken away',
    rule: 'MS-FSA 2.1.5.1.2.1: a file with FILE_ATTRIBUTE_READONLY',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'text');
      const handle = await win.mustOpen(path('a'), all);
      const { READONLY, NORMAL } = attribute;
      expectSuccess(await handle.setBasic({ attributes: READONLY }), 'set');
      expectStatus(
        await win.tryOpen(path('a'), { access: access.FILE_GENERIC_WRITE }),
        status.ACCESS_DENIED,
        'open for writing',
      );
      expectSuccess(await handle.setBasic({ attributes: NORMAL }), 'take away');
      await handle.close();
      expectSuccess(
        await win.tryOpen(path('a'), { access: access.FILE_GENERIC_WRITE }),
        'open for writing then',
      );
    },
  },
  {
    name: 'on FAT files are written, renamed over each other and deleted',
    rule: 'MS-FSA 2.1.5.4, 2.1.5.15.11, 2.1.5.15.3',
    async run({ win, path, dir, linux, linuxPath }) {
      const content = Buffer.alloc(100_000, 7);
      await win.makeFile(path('a'), content);
      await win.makeFile(path('b'), 'old');
      expectSuccess(await win.move(path('a'), path('b'), 1), 'rename over');
      expectTrue((await linux.readFile(linuxPath('b'))).equals(content), 'what Linux reads');
      await win.makeDirectory(path('folder'));
      await win.makeFile(path('folder\\c'), 'x');
      expectStatus(await win.remove(path('folder')), status.DIRECTORY_NOT_EMPTY);
      expectSuccess(await win.remove(path('folder\\c')), 'remove the file');
      expectSuccess(await win.remove(path('folder')), 'remove the folder');
      expectEqual(await win.list(dir), ['b'], 'the names');
    },
  },
];

const onNtfs: readonly Omit<Case, 'types'>[] = [
  {
    name: 'NTFS claims ACLs, reparse points and EAs, and names with their case',
    rule: claimRule,
    async run({ win }) {
      const everything = Object.values(claims).reduce((sum, bit) => sum | bit, 0);
      expectEqual(namesOf(win.queryAttributes()), namesOf(everything), 'the claims');
    },
  },
  {
    name: 'an EA that is set on NTFS comes back, and is a user attribute of Linux',
    rule: 'MS-FSA 2.1.5.15.5 FileFullEaInformation',
    async run({ win, path, linux, linuxPath }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), all);
      expectSuccess(await handle.setEa([{ name: 'NOTE', value: Buffer.from('x') }]), 'set');
      const { eas } = await handle.queryEa(['NOTE']);
      expectEqual(eas[0]?.value.toString(), 'x', 'the EA');
      await handle.close();
      const value = await linux.getxattr(linuxPath('a'), 'user.NOTE');
      expectEqual(value?.toString(), 'x', 'for Linux');
    },
  },
  {
    name: 'a link that is made on NTFS is Linux’s, and leads to its target',
    rule: 'MS-FSCC 2.1.2.4 Symbolic Link Reparse Data Buffer',
    async run({ win, path, linux, linuxPath }) {
      await win.makeFile(path('b'), 'target');
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), all);
      expectStatus(
        (await handle.control(fsctl.SET_REPARSE_POINT, link)).status,
        status.SUCCESS,
        'set',
      );
      await handle.close();
      expectEqual(await linux.readlink(linuxPath('a')), 'b', 'for Linux');
      expectEqual((await win.readFile(path('a'))).toString(), 'target', 'through it');
    },
  },
  {
    name: 'a descriptor that is read on NTFS names the owner, and can be set again',
    rule: 'MS-FSA 2.1.5.14 and 2.1.5.17',
    async run({ win, path, linux, linuxPath }) {
      await win.makeFile(path('a'));
      const before = await linux.stat(linuxPath('a'));
      const handle = await win.mustOpen(path('a'), all);
      const { descriptor } = await handle.querySecurity();
      expectTrue(descriptor?.owner !== undefined && descriptor.owner !== everyone, 'an owner');
      if (descriptor !== undefined) {
        expectSuccess(await handle.setSecurity(4, descriptor), 'set security');
      }
      await handle.close();
      expectEqual((await linux.stat(linuxPath('a'))).mode, before.mode, 'the mode');
    },
  },
];

export const fileSystems: readonly Case[] = [
  ...onFat.map((one): Case => ({ ...one, types: fat })),
  ...onNtfs.map((one): Case => ({ ...one, types: ntfs })),
];
