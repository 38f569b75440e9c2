/**
 * What the model drives: anything that answers request records with response records. The suite
 * runs over any transport that can be put behind this.
 */
import type { Buffer } from 'node:buffer';
import type { ProcessMemory } from './process-memory.ts';
import type { TokenTable } from './token.ts';

export interface Transport {
  /** One record in, one record out; requests may be under way in any number. */
  transact(request: Buffer): Promise<Buffer>;
}

/** What a transport needs of the process that it runs in. */
export interface TransportHost {
  readonly memory: ProcessMemory;
  readonly tokens: TokenTable;
}
