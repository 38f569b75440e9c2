/**
 * Security descriptors of modes and owners. Most files of a volume share a few of these, so a
 * descriptor without an ACL is made once for each mode and owner, and its bytes too.
 */
import type { Buffer } from 'node:buffer';
import { type LinuxPermissions, securityDescriptorOf } from './acl-map.ts';
import { formatSecurityDescriptor, type SecurityDescriptor } from './security-descriptor.ts';
import type { SidMap } from './sid-map.ts';

const maxDescriptors = 4096;

export class DescriptorCache {
  readonly sids: SidMap;
  /** By mode and owner, for files without an ACL. */
  #plain = new Map<string, SecurityDescriptor>();
  #bytes = new WeakMap<SecurityDescriptor, Buffer>();

  constructor(sids: SidMap) {
    this.sids = sids;
  }

  of(permissions: LinuxPermissions): SecurityDescriptor {
    if (permissions.accessAcl !== undefined || permissions.defaultAcl !== undefined) {
      return securityDescriptorOf(permissions, this.sids);
    }
    const key = `${permissions.mode}:${permissions.uid}:${permissions.gid}`;
    let descriptor = this.#plain.get(key);
    if (descriptor === undefined) {
      if (this.#plain.size >= maxDescriptors) this.#plain.clear();
      descriptor = securityDescriptorOf(permissions, this.sids);
      this.#plain.set(key, descriptor);
    }
    return descriptor;
  }

  /** The self-relative form. It is shared: the caller must not write into it. */
  bytesOf(descriptor: SecurityDescriptor): Buffer {
    let bytes = this.#bytes.get(descriptor);
    if (bytes === undefined) {
      bytes = formatSecurityDescriptor(descriptor);
      this.#bytes.set(descriptor, bytes);
    }
    return bytes;
  }
}
