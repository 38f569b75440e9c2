/** EAs: Linux's user.* attributes, and WSL's metadata, which are the inode's own numbers. */
import { type Case, expectEqual, expectStatus, expectTrue } from '../case.ts';
import type { Ea } from '../driver/ea.ts';
import { access, disposition, status } from '../driver/nt.ts';
import { expectSuccess, type Handle } from '../driver/program.ts';

const rule = 'MS-FSA 2.1.5.15.5 FileFullEaInformation';
const lxRule = 'WSL: $LXUID, $LXGID, $LXMOD, $LXDEV';
const rights = { access: access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE };
const ea = (name: string, value: string): Ea => ({ name, value: Buffer.from(value) });
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

async function own(handle: Handle): Promise<Record<string, string>> {
  const { eas } = await handle.queryEa();
  const pairs = eas
    .filter(({ name }) => !name.startsWith('$LX'))
    .map(({ name, value }) => [name, value.toString()] as const);
  return Object.fromEntries(pairs);
}

export const extendedAttributes: readonly Case[] = [
  {
    name: 'an EA that is set is a user attribute of Linux',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), rights);
      expectSuccess(await handle.setEa([ea('NOTE', 'value')]), 'set');
      await handle.close();
      const value = await linux.getxattr(linuxPath('a'), 'user.NOTE');
      expectEqual(value?.toString(), 'value', 'for Linux');
    },
  },
  {
    name: 'a user attribute of Linux is an EA, its case kept',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), '');
      await linux.setxattr(linuxPath('a'), 'user.Mixed.Case', 'v');
      const handle = await win.mustOpen(path('a'));
      expectEqual(await own(handle), { 'Mixed.Case': 'v' }, 'the EAs');
      await handle.close();
    },
  },
  {
    name: 'several EAs are set at once and all come back',
    rule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), rights);
      const list = [ea('ONE', '1'), ea('TWO', '22'), ea('THREE', 'x'.repeat(333))];
      expectSuccess(await handle.setEa(list), 'set');
      const expected = Object.fromEntries(list.map(({ name, value }) => [name, value.toString()]));
      expectEqual(await own(handle), expected, 'the EAs');
      await handle.close();
    },
  },
  {
    name: 'an empty value removes an EA, and only that one',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), rights);
      expectSuccess(await handle.setEa([ea('ONE', '1'), ea('TWO', '2')]), 'set');
      expectSuccess(await handle.setEa([ea('ONE', '')]), 'take away');
      expectEqual(await own(handle), { TWO: '2' }, 'the EAs');
      await handle.close();
      expectEqual(await linux.getxattr(linuxPath('a'), 'user.ONE'), undefined, 'for Linux');
    },
  },
  {
    name: 'removing a missing EA succeeds',
    rule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), rights);
      expectSuccess(await handle.setEa([ea('NONE', '')]), 'take away');
      await handle.close();
    },
  },
  {
    name: 'another case names the same EA',
    rule: 'MS-FSCC 2.4.15: EA names are compared without regard to case',
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), rights);
      expectSuccess(await handle.setEa([ea('Note', 'old')]), 'set');
      expectSuccess(await handle.setEa([ea('NOTE', 'new')]), 'set again');
      const { eas } = await handle.queryEa(['note']);
      expectEqual(eas[0]?.value.toString(), 'new', 'the value');
      expectEqual(Object.keys(await own(handle)).length, 1, 'how many');
      await handle.close();
    },
  },
  {
    name: 'a file can be made with EAs',
    rule: 'NtCreateFile: EaBuffer',
    async run({ win, linux, path, linuxPath }) {
      const handle = await win.mustOpen(path('a'), {
        ...rights,
        disposition: disposition.CREATE,
        eas: [ea('ONE', '1'), ea('TWO', '2')],
      });
      await handle.close();
      const two = await linux.getxattr(linuxPath('a'), 'user.TWO');
      expectEqual(two?.toString(), '2', 'for Linux');
    },
  },
  {
    name: 'overwriting with EAs replaces them',
    rule: 'WinFsp: Overwrite replaces EAs',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x', { eas: [ea('OLD', '1')] });
      const handle = await win.mustOpen(path('a'), {
        ...rights,
        disposition: disposition.OVERWRITE,
        eas: [ea('NEW', '2')],
      });
      expectEqual(await own(handle), { NEW: '2' }, 'the EAs');
      await handle.close();
    },
  },
  {
    name: 'EaSize is the size of the list, and 0 without EAs',
    rule: 'MS-FSCC 2.4.13 FileEaInformation',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('none'), '');
      await linux.writeFile(linuxPath('some'), '');
      await linux.setxattr(linuxPath('some'), 'user.NOTE', 'value');
      expectTrue((await win.stat(path('some'))).eaSize > 0, 'with an EA');
      const none = await win.stat(path('none'));
      const some = await win.stat(path('some'));
      expectTrue(none.eaSize < some.eaSize, 'without one it is less');
    },
  },
  {
    name: 'attributes that are not user.* are not shown',
    rule: 'xattr(7): trusted.*, security.*, system.*',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), '');
      await linux.setxattr(linuxPath('a'), 'trusted.secret', 'x');
      await linux.setxattr(
        linuxPath('a'),
        'security.capability',
        Buffer.from('0100000200200000000000000000000000000000', 'hex'),
      );
      const handle = await win.mustOpen(path('a'));
      expectEqual(await own(handle), {}, 'the EAs');
      await handle.close();
    },
  },
  {
    name: 'the attributes of Windows (user.DOSATTRIB) are not shown as an EA',
    rule: 'Samba: store dos attributes',
    async run({ win, path }) {
      await win.makeFile(path('a'), '', { attributes: 2 });
      const handle = await win.mustOpen(path('a'));
      expectEqual(await own(handle), {}, 'the EAs');
      await handle.close();
    },
  },
  {
    name: 'a directory has EAs too',
    rule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeDirectory(path('d'));
      const handle = await win.mustOpen(path('d'), rights);
      expectSuccess(await handle.setEa([ea('NOTE', 'v')]), 'set');
      await handle.close();
      const value = await linux.getxattr(linuxPath('d'), 'user.NOTE');
      expectEqual(value?.toString(), 'v', 'for Linux');
    },
  },
  {
    name: 'an EA keeps bytes that are not text',
    rule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), rights);
      const value = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      expectSuccess(await handle.setEa([{ name: 'BYTES', value }]), 'set');
      handle.file.node.ea = undefined;
      const { eas } = await handle.queryEa(['BYTES']);
      expectTrue(eas[0]?.value.equals(value) === true, 'the value');
      await handle.close();
    },
  },
  {
    name: 'setting without WRITE_EA is refused, and so is reading without READ_EA',
    rule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), { access: access.READ_ATTRIBUTES });
      expectStatus(await handle.setEa([ea('A', '1')]), status.ACCESS_DENIED, 'set');
      expectStatus((await handle.queryEa()).status, status.ACCESS_DENIED, 'ask');
      await handle.close();
    },
  },
  {
    name: 'an EA that does not fit into the inode is refused, and nothing changes',
    rule: 'setxattr(2): ENOSPC, E2BIG',
    types: ['ext4'],
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), rights);
      const answer = await handle.setEa([{ name: 'BIG', value: Buffer.alloc(8000, 1) }]);
      expectTrue(answer !== status.SUCCESS, 'it is refused');
      handle.file.node.ea = undefined;
      expectEqual(await own(handle), {}, 'the EAs');
      await handle.close();
    },
  },
  {
    name: 'WSL sees uid, gid and mode as EAs',
    rule: lxRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), '');
      await linux.chown(linuxPath('a'), 1000, 4321);
      await linux.chmod(linuxPath('a'), 0o640);
      const handle = await win.mustOpen(path('a'));
      const { eas } = await handle.queryEa(['$LXUID', '$LXGID', '$LXMOD']);
      const values = eas.map(({ value }) => (value.length === 4 ? value.readUInt32LE(0) : -1));
      expectEqual(values, [1000, 4321, 0o100640], 'uid, gid and mode');
      await handle.close();
    },
  },
  {
    name: 'WSL sees the numbers of a device, the major one first',
    rule: lxRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.mknod(linuxPath('chr'), 'character-device', { major: 5, minor: 1 });
      const handle = await win.mustOpen(path('chr'), { options: 0x200000 });
      const { eas } = await handle.queryEa(['$LXDEV']);
      const value = eas[0]?.value ?? Buffer.alloc(8);
      expectEqual([value.readUInt32LE(0), value.readUInt32LE(4)], [5, 1], 'the device');
      await handle.close();
    },
  },
  {
    name: 'WSL changes the mode by an EA',
    rule: lxRule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), rights);
      expectSuccess(await handle.setEa([{ name: '$LXMOD', value: u32(0o100751) }]), 'set');
      await handle.close();
      expectEqual((await linux.stat(linuxPath('a'))).mode & 0o7777, 0o751, 'the mode');
    },
  },
  {
    name: 'a file made with WSL metadata has that mode at once',
    rule: lxRule,
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), '', { eas: [{ name: '$LXMOD', value: u32(0o100700) }] });
      expectEqual((await linux.stat(linuxPath('a'))).mode & 0o7777, 0o700, 'the mode');
    },
  },
  {
    name: 'metadata of the wrong size is refused',
    rule: lxRule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), rights);
      const answer = await handle.setEa([{ name: '$LXMOD', value: Buffer.alloc(3, 1) }]);
      expectTrue(answer !== status.SUCCESS, 'it is refused');
      await handle.close();
    },
  },
];
