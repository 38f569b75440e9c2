/** A caller as Linux's permission checks see it (credentials(7), capabilities(7)). */
import { abi } from './abi.gen.ts';

/** The capabilities that matter to files. */
export type Capability =
  | 'CAP_CHOWN'
  | 'CAP_DAC_OVERRIDE'
  | 'CAP_DAC_READ_SEARCH'
  | 'CAP_FOWNER'
  | 'CAP_FSETID'
  | 'CAP_LINUX_IMMUTABLE'
  | 'CAP_MKNOD'
  | 'CAP_SETFCAP'
  | 'CAP_SYS_ADMIN'
  | 'CAP_SYS_RESOURCE';

export interface Identity {
  /** The owner of what is created. */
  readonly uid: number;
  readonly gid: number;
  readonly groups?: readonly number[];
  /** Whether it has every capability, as root does: then no check refuses anything. */
  readonly capable?: boolean;
  /** The capabilities, unless it has all: by name, or a bit for each number. */
  readonly capabilities?: readonly Capability[] | bigint;
}

const every = (2n << BigInt(abi.CAP_LAST_CAP)) - 1n;

/** An identity's capabilities, a bit for each. */
export function capabilityBits({ capable, capabilities = [] }: Identity): bigint {
  if (capable === true) return every;
  if (typeof capabilities === 'bigint') return capabilities & every;
  return capabilities.reduce((bits, name) => bits | (1n << BigInt(abi[name])), 0n);
}
