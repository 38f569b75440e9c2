/** How the types of Linux's files (S_IFREG and its like) are named and shown. */
import { abi } from '../vfs-linux/abi.gen.ts';

const types: ReadonlyMap<number, readonly [name: string, letter: string]> = new Map([
  [abi.S_IFREG, ['file', '-']],
  [abi.S_IFDIR, ['directory', 'd']],
  [abi.S_IFLNK, ['symlink', 'l']],
  [abi.S_IFCHR, ['char', 'c']],
  [abi.S_IFBLK, ['block', 'b']],
  [abi.S_IFIFO, ['fifo', 'p']],
  [abi.S_IFSOCK, ['socket', 's']],
]);

/** "file", "directory", …; the octal number of a type that Linux does not have. */
export function typeName(type: number): string {
  return types.get(type)?.[0] ?? `0${type.toString(8)}`;
}

export function isDevice(type: number): boolean {
  return type === abi.S_IFCHR || type === abi.S_IFBLK;
}

/** "-rwsr-xr-t": a type and twelve bits, as ls(1) writes them. */
export function modeString(mode: number): string {
  const part = (shift: number, special: boolean, letter: string): string => {
    const bits = mode >> shift;
    const execute = (bits & 1) !== 0;
    const plain = execute ? 'x' : '-';
    const marked = execute ? letter : letter.toUpperCase();
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${special ? marked : plain}`;
  };
  const type = types.get(mode & abi.S_IFMT)?.[1] ?? '?';
  const [user, group] = [part(6, (mode & 0o4000) !== 0, 's'), part(3, (mode & 0o2000) !== 0, 's')];
  return type + user + group + part(0, (mode & 0o1000) !== 0, 't');
}
