/**
 * A model of WinFsp's driver and of NT's I/O manager above it. It turns the calls of programs into
 * the requests that user mode would get, does by itself what the real ones do, and checks that user
 * mode keeps the rules of the protocol.
 *
 * Invariants:
 * 1. User mode influences the answers to programs only through response records.
 * 2. Locks are held as the driver holds them: a create holds the rename lock shared, a rename holds
 *    it exclusively, a write holds its node exclusively, each until user mode has answered.
 * 3. A Close is sent some requests later, in any order: no program waits for it.
 */
import type { Random } from '../../../support/random.ts';
import { type FileDesc, type FileNode, NodeTable } from './file-node.ts';
import { Lock } from './lock.ts';
import { splitPath } from './name-rules.ts';
import { statusName, succeeds } from './nt.ts';
import { ProcessMemory } from './process-memory.ts';
import { ProtocolFault } from './protocol-fault.ts';
import { type FileInfo, kind, kindName, Request, Response } from './record.ts';
import { TokenTable } from './token.ts';
import type { Transport, TransportHost } from './transport.ts';
import { usualParameters, type VolumeParameters } from './volume-parameters.ts';

const maxTraced = 60;
/** How many Closes may wait at the same time. */
const maxWaiting = 8;
/** 0xffffffff ms means for ever. */
const infinite = 0xffffffff;

export class Driver {
  readonly parameters: VolumeParameters;
  readonly memory: ProcessMemory;
  readonly tokens: TokenTable;
  readonly nodes: NodeTable;
  readonly renameLock: Lock = new Lock();
  /** The last requests, for the report of a failure. */
  readonly trace: string[] = [];
  /** How many requests of each kind were sent, for cases that count them. */
  readonly sent: Map<string, number> = new Map();
  /** A Close waits for that many requests at most; 0: it is sent at once. */
  closeDelay = 4;
  #transport: Transport;
  #random: Random;
  #skewMs = 0;
  #closes: { file: FileDesc; left: number }[] = [];
  #closing = new Set<Promise<void>>();
  #fault: unknown;

  constructor(
    transport: Transport,
    host: TransportHost,
    random: Random,
    parameters: VolumeParameters = usualParameters,
  ) {
    this.#transport = transport;
    this.memory = host.memory;
    this.tokens = host.tokens;
    this.#random = random;
    this.parameters = parameters;
    this.nodes = new NodeTable(parameters.caseSensitiveSearch);
  }

  /** The memory and the tokens that a transport is made with. */
  static host(): TransportHost {
    return { memory: new ProcessMemory(), tokens: new TokenTable() };
  }

  get nowMs(): number {
    return performance.now() + this.#skewMs;
  }

  /** Lets time pass: the driver's caches become old. */
  advance(ms: number): void {
    this.#skewMs += ms;
  }

  /** Sends one request to user mode, and answers its response. */
  async send(request: Request): Promise<Response> {
    const name = kindName(request.kind);
    this.sent.set(name, (this.sent.get(name) ?? 0) + 1);
    const record = request.encode();
    const answer = await this.#transport.transact(record);
    const response = new Response(request, answer);
    // The driver reuses the transaction buffer for the next batch.
    record.fill(0xdb);
    const status = statusName(response.status);
    this.trace.push(`${name} ${request.name} -> ${status} ${response.information}`);
    if (this.trace.length > maxTraced) this.trace.shift();
    if (request.kind !== kind.CLOSE) this.#sendSomeCloses();
    return response;
  }

  keepInfo(node: FileNode, info: FileInfo): void {
    const timeoutMs = this.parameters.fileInfoTimeoutMs;
    node.info = { value: info, untilMs: this.#until(timeoutMs) };
  }

  /** The value, if it is kept and still valid. */
  kept<T>(kept: { value: T; untilMs: number } | undefined): T | undefined {
    return kept !== undefined && kept.untilMs > this.nowMs ? kept.value : undefined;
  }

  keep<T>(value: T, timeoutMs: number): { value: T; untilMs: number } {
    return { value, untilMs: this.#until(timeoutMs) };
  }

  #until(timeoutMs: number): number {
    return timeoutMs === infinite ? Number.POSITIVE_INFINITY : this.nowMs + timeoutMs;
  }

  /** Forgets the listing of a file's directory: it would show a change of the file. */
  invalidateParent(path: string): void {
    const parent = this.nodes.get(splitPath(path).parent);
    if (parent !== undefined) parent.listing = undefined;
  }

  /** IRP_MJ_CLOSE: the request is sent later. */
  close(file: FileDesc): void {
    if (file.closed) return;
    file.closed = true;
    const { node } = file;
    node.openCount -= 1;
    if (node.openCount === 0) this.nodes.remove(node);
    if (this.closeDelay === 0) this.#sendClose(file);
    else this.#closes.push({ file, left: this.#random.below(this.closeDelay) });
    if (this.#closes.length > maxWaiting) this.#sendClose(this.#takeClose(0));
  }

  #takeClose(index: number): FileDesc {
    return (this.#closes.splice(index, 1)[0] as { file: FileDesc }).file;
  }

  #sendSomeCloses(): void {
    for (const waiting of this.#closes) waiting.left -= 1;
    for (;;) {
      const index = this.#closes.findIndex((waiting) => waiting.left < 0);
      if (index < 0) return;
      this.#sendClose(this.#takeClose(index));
    }
  }

  #sendClose(file: FileDesc): void {
    this.sendCloseOf(file.node.userContext, file.userContext2);
  }

  /** Sends a Close, also for a create that the share check refused: it has no file object. */
  sendCloseOf(userContext: bigint, userContext2: bigint): void {
    const request = new Request(kind.CLOSE).contexts(userContext, userContext2);
    const sent = this.send(request)
      .then((response) => {
        if (!succeeds(response.status)) throw new ProtocolFault('a Close was refused');
      })
      .catch((error: unknown) => {
        this.#fault ??= error;
      })
      .finally(() => this.#closing.delete(sent));
    this.#closing.add(sent);
  }

  /** Sends every Close that waits. Throws the first fault that no program's call has shown. */
  async settle(): Promise<void> {
    while (this.#closes.length > 0) {
      this.#sendClose(this.#takeClose(this.#random.below(this.#closes.length)));
    }
    await Promise.all(this.#closing);
    this.memory.verify();
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** The names of the files that programs have not closed. */
  get openHandles(): string[] {
    return [...this.nodes.nodes].filter((node) => node.handleCount > 0).map((node) => node.name);
  }
}
