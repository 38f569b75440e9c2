/**
 * fs.constants with Linux's numbers. The constants of node:fs are the host's, which differ or are
 * missing on Windows and macOS.
 */
import { abi } from '../vfs-linux/abi.gen.ts';

type Name =
  | 'F_OK'
  | 'R_OK'
  | 'W_OK'
  | 'X_OK'
  | 'COPYFILE_EXCL'
  | 'COPYFILE_FICLONE'
  | 'COPYFILE_FICLONE_FORCE'
  | 'O_RDONLY'
  | 'O_WRONLY'
  | 'O_RDWR'
  | 'O_CREAT'
  | 'O_EXCL'
  | 'O_TRUNC'
  | 'O_APPEND'
  | 'O_NONBLOCK'
  | 'O_SYNC'
  | 'O_DSYNC'
  | 'O_DIRECT'
  | 'O_DIRECTORY'
  | 'O_NOFOLLOW'
  | 'O_NOATIME'
  | 'O_PATH'
  | 'O_TMPFILE'
  | 'S_IFMT'
  | 'S_IFREG'
  | 'S_IFDIR'
  | 'S_IFCHR'
  | 'S_IFBLK'
  | 'S_IFIFO'
  | 'S_IFLNK'
  | 'S_IFSOCK'
  | 'S_IRWXU'
  | 'S_IRUSR'
  | 'S_IWUSR'
  | 'S_IXUSR'
  | 'S_IRWXG'
  | 'S_IRGRP'
  | 'S_IWGRP'
  | 'S_IXGRP'
  | 'S_IRWXO'
  | 'S_IROTH'
  | 'S_IWOTH'
  | 'S_IXOTH';

/** Flags and modes for open, access, copyFile and mknod. */
export const constants: Readonly<Record<Name, number>> = {
  // access(2)
  F_OK: 0,
  R_OK: 4,
  W_OK: 2,
  X_OK: 1,
  // Node's own, for copyFile
  COPYFILE_EXCL: 1,
  COPYFILE_FICLONE: 2,
  COPYFILE_FICLONE_FORCE: 4,
  O_RDONLY: abi.O_RDONLY,
  O_WRONLY: abi.O_WRONLY,
  O_RDWR: abi.O_RDWR,
  O_CREAT: abi.O_CREAT,
  O_EXCL: abi.O_EXCL,
  O_TRUNC: abi.O_TRUNC,
  O_APPEND: abi.O_APPEND,
  O_NONBLOCK: abi.O_NONBLOCK,
  O_SYNC: abi.O_SYNC,
  O_DSYNC: abi.O_DSYNC,
  O_DIRECT: abi.O_DIRECT,
  O_DIRECTORY: abi.O_DIRECTORY,
  O_NOFOLLOW: abi.O_NOFOLLOW,
  O_NOATIME: abi.O_NOATIME,
  O_PATH: abi.O_PATH,
  O_TMPFILE: abi.O_TMPFILE,
  S_IFMT: abi.S_IFMT,
  S_IFREG: abi.S_IFREG,
  S_IFDIR: abi.S_IFDIR,
  S_IFCHR: abi.S_IFCHR,
  S_IFBLK: abi.S_IFBLK,
  S_IFIFO: abi.S_IFIFO,
  S_IFLNK: abi.S_IFLNK,
  S_IFSOCK: abi.S_IFSOCK,
  // inode(7)
  S_IRWXU: 0o700,
  S_IRUSR: 0o400,
  S_IWUSR: 0o200,
  S_IXUSR: 0o100,
  S_IRWXG: 0o070,
  S_IRGRP: 0o040,
  S_IWGRP: 0o020,
  S_IXGRP: 0o010,
  S_IRWXO: 0o007,
  S_IROTH: 0o004,
  S_IWOTH: 0o002,
  S_IXOTH: 0o001,
};
