/** The volume's label: the one that this mount was given, or the file system's own. */
import { errno } from '../vfs-linux/abi.gen.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { type NtStatus, ntStatusOf, STATUS } from './translate/ntstatus.ts';

/** FILE_FS_VOLUME_INFORMATION as WinFsp has it, in UTF-16 units. */
const maxUnits = 32;

export class VolumeLabel {
  #volume: Volume;
  #given: string | undefined;
  /** The file system's own, once it was asked for. */
  #own: string | undefined;

  constructor(volume: Volume, given: string | undefined) {
    this.#volume = volume;
    this.#given = given;
  }

  /** At most 32 units; empty where the driver knows no label. */
  async read(): Promise<string> {
    if (this.#given !== undefined) return this.#given.slice(0, maxUnits);
    if (this.#own === undefined) {
      const label = await this.#volume.readLabel();
      this.#own = isErrno(label) ? '' : label;
    }
    return this.#own.slice(0, maxUnits);
  }

  async write(label: string): Promise<NtStatus> {
    // A label that was given for this mount is not the disk's: there is nothing to change.
    if (this.#given !== undefined) return STATUS.INVALID_DEVICE_REQUEST;
    if (label.length > maxUnits) return STATUS.INVALID_PARAMETER;
    const ret = await this.#volume.writeLabel(label);
    if (ret === -errno.ENOTTY || ret === -errno.EOPNOTSUPP) return STATUS.INVALID_DEVICE_REQUEST;
    // The driver's own limit: 16 bytes on ext4, 12 on XFS.
    if (ret === -errno.EINVAL) return STATUS.INVALID_PARAMETER;
    if (isErrno(ret)) return ntStatusOf(ret);
    this.#own = undefined;
    return STATUS.SUCCESS;
  }
}
