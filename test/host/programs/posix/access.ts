/** Which times reading changes, where a mount keeps the time of access (relatime). */
import { constants, mkdirSync, readdirSync } from 'node:fs';
import { flags, linux, mapFile } from '../../../support/native/fuse-libc.ts';
import { changed } from './changes.ts';
import { makeFile } from './owners.ts';
import { inFolder, Transcript } from './transcript.ts';

const { O_APPEND, O_NOATIME, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const longAgo = [5n, 8n] as const;

function onOpen(path: string, how: number, deed: (fd: number) => number): () => number {
  return () => {
    const fd = linux.open(path, how);
    const answer = deed(fd);
    linux.close(fd);
    return answer;
  };
}

const read = onOpen('f', O_RDONLY, (fd) => linux.read(fd, Buffer.alloc(4_000_000)));

function ofAFile(t: Transcript, sizeBytes: number): void {
  const say = (what: string, deed: () => number): void =>
    changed(t, `${what} of ${sizeBytes}`, ['f'], deed);
  const old = (): void => {
    linux.utimensat('f', longAgo);
  };
  makeFile('f', 0o644, 'x'.repeat(sizeBytes));
  say('read', read);
  say('read again', read);
  say(
    'append',
    onOpen('f', O_WRONLY | O_APPEND, (fd) => linux.write(fd, Buffer.from('y'))),
  );
  say('read after the append', read);
  say('read again', read);
  old();
  say(
    'open',
    onOpen('f', O_RDONLY, () => 0),
  );
  say(
    'open to read and write',
    onOpen('f', O_RDWR, () => 0),
  );
  say(
    'write with O_RDWR',
    onOpen('f', O_RDWR, (fd) => linux.pwrite(fd, Buffer.from('z'), 3)),
  );
  say('read, which is due', read);
  linux.chmod('f', 0o600);
  say('read after chmod', read);
  old();
  say(
    'read with O_NOATIME',
    onOpen('f', O_RDONLY | O_NOATIME, (fd) => linux.read(fd, Buffer.alloc(10))),
  );
  say('read without', read);
  old();
  const look = onOpen('f', O_RDONLY, (fd) => {
    const mapping = mapFile(fd, 0, 50);
    if (typeof mapping === 'number') return mapping;
    const byte = mapping.bytes[0] as number;
    mapping.unmap();
    return byte;
  });
  say('look through a mapping', look);
  const twoDaysAgo = BigInt(Date.now() - 172_800_000) * 1_000_000n;
  linux.utimensat('f', [twoDaysAgo + 1n, twoDaysAgo]);
  say('read of what was read two days ago', read);
}

function ofFoldersAndLinks(t: Transcript): void {
  mkdirSync('d');
  makeFile('d/f');
  const list = (): number => readdirSync('d').length;
  changed(t, 'list', ['d'], list);
  changed(t, 'list again', ['d'], list);
  makeFile('d/g');
  changed(t, 'list after a change', ['d'], list);
  changed(t, 'find a name', ['d'], () => linux.link('d/f', 'd/g'));
  linux.symlink('d/f', 'l');
  const readlink = (): number => String(linux.readlink('l')).length;
  changed(t, 'readlink', ['l'], readlink);
  changed(t, 'readlink again', ['l'], readlink);
  linux.utimensat('l', longAgo, flags.AT_SYMLINK_NOFOLLOW);
  changed(t, 'follow', ['l'], () => linux.truncate('l', 3));
  changed(t, 'follow again', ['l'], () => linux.truncate('l', 3));
}

export function accesses(root: string): void {
  for (const sizeBytes of [100, 5000, 100_000, 3_000_000]) {
    inFolder(root, () => ofAFile(new Transcript('file: '), sizeBytes));
  }
  inFolder(root, () => ofFoldersAndLinks(new Transcript('folders and links: ')));
}
