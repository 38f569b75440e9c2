/**
 * The subject of the tests: anything that answers request records with response records. The suite
 * runs over every transport that implements this.
 */
import type { Buffer } from 'node:buffer';
import type { ProcessMemory } from './process-memory.ts';
import type { TokenTable } from './token.ts';

export interface Transport {
  /** One record in, one record out. Any number of requests may be under way. */
  transact(request: Buffer): Promise<Buffer>;
}

/** What a transport needs of the process that it runs in. */
export interface TransportHost {
  readonly memory: ProcessMemory;
  readonly tokens: TokenTable;
}
