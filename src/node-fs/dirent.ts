/**
 * An entry of a directory, like Node's Dirent: its name and type, and the path of the directory.
 */
import type { Buffer } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';

export class Dirent<Name extends string | Buffer = string> {
  readonly name: Name;
  /** The directory's path: as the caller gave it, and the names below it of a recursive reading. */
  readonly parentPath: Name | string;
  readonly #type: number;

  /** type: DT_REG, DT_DIR, … */
  constructor(name: Name, parentPath: Name | string, type: number) {
    this.name = name;
    this.parentPath = parentPath;
    this.#type = type;
  }

  isFile(): boolean {
    return this.#type === abi.DT_REG;
  }
  isDirectory(): boolean {
    return this.#type === abi.DT_DIR;
  }
  isSymbolicLink(): boolean {
    return this.#type === abi.DT_LNK;
  }
  isFIFO(): boolean {
    return this.#type === abi.DT_FIFO;
  }
  isSocket(): boolean {
    return this.#type === abi.DT_SOCK;
  }
  isCharacterDevice(): boolean {
    return this.#type === abi.DT_CHR;
  }
  isBlockDevice(): boolean {
    return this.#type === abi.DT_BLK;
  }
}
