/** Types for the part of npm's ext2fs that the benchmark uses (its README and lib/fs.js). */
declare module 'ext2fs' {
  export interface Ext2Disk {
    read(
      buffer: Buffer,
      bufferOffset: number,
      length: number,
      offset: number,
    ): Promise<{ bytesRead: number; buffer: Buffer }>;
    write(
      buffer: Buffer,
      bufferOffset: number,
      length: number,
      offset: number,
    ): Promise<{ bytesWritten: number; buffer: Buffer }>;
    discard(offset: number, length: number): Promise<void>;
    flush(): Promise<void>;
  }

  export interface Ext2Promises {
    open(path: string, flags: string, mode?: number): Promise<{ readonly fd: number }>;
    close(fd: number): Promise<void>;
    read(
      fd: number,
      buffer: Buffer,
      offset: number,
      length: number,
      position: number,
    ): Promise<{ bytesRead: number }>;
    write(
      fd: number,
      buffer: Buffer,
      offset: number,
      length: number,
      position: number,
    ): Promise<{ bytesWritten: number }>;
    stat(path: string): Promise<{ size: number }>;
    readdir(path: string): Promise<string[]>;
    mkdir(path: string, mode?: number): Promise<void>;
    unlink(path: string): Promise<void>;
  }

  export interface Ext2Fs {
    readonly promises: Ext2Promises;
  }

  const ext2fs: {
    mount(disk: Ext2Disk, offset?: number): Promise<Ext2Fs>;
    umount(fs: Ext2Fs): Promise<void>;
  };
  export default ext2fs;
}
