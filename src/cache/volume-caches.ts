/**
 * What is remembered of a mounted volume beside the kernel's own caches, and the one place where
 * changes are told to all of it. Who changes the volume calls these after the kernel has answered and
 * before the client is told; one kernel owns the disk, so nobody else changes it.
 */
import { AnswerCache, type CacheKey, type HitRatio } from './answer-cache.ts';
import { NegativeNames } from './negative-names.ts';

const descriptorsMost = 16_384;
const descriptorBytesMost = 4 * 1024 * 1024;

export class VolumeCaches {
  readonly negativeNames: NegativeNames = new NegativeNames();
  /** By inode; self-relative. Whoever gets one must not write into it. */
  readonly securityDescriptors: AnswerCache<Uint8Array> = new AnswerCache<Uint8Array>({
    entriesMost: descriptorsMost,
    bytesMost: descriptorBytesMost,
    sizeOf: (descriptor) => descriptor.byteLength,
  });

  /** A name has appeared in a directory: created, linked, or renamed to. */
  nameAppeared(directory: CacheKey, name: string): void {
    this.negativeNames.appeared(directory, name);
  }

  /** Mode, owner, group or ACL of an inode has changed, or the inode is a new one. */
  securityChanged(inode: CacheKey): void {
    this.securityDescriptors.changed(inode);
  }

  /** Nobody knows what has changed. */
  allChanged(): void {
    this.negativeNames.allChanged();
    this.securityDescriptors.allChanged();
  }

  /** For `fsbridge status`. */
  hitRatios(): Readonly<Record<string, HitRatio>> {
    return {
      'negative names': this.negativeNames.hitRatio,
      'security descriptors': this.securityDescriptors.hitRatio,
    };
  }
}
