/**
 * What the handlers of requests know of a mount: the volume, the host's nodes and open files, and
 * the way to the device. It takes no requests: that is the device's loop (device-loop.ts).
 *
 * Invariant: a session is whole when it is made, and each of its parts lives as long as it does.
 */
import { SlotCalls } from '../vfs-linux/calls/slot-calls.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { CallTrace } from './call-trace.ts';
import { EntryWriter } from './entry-writer.ts';
import { HostTimes } from './host-times.ts';
import type { Identities } from './identities.ts';
import { Interruptions } from './interruptions.ts';
import type { Libc } from './libc.ts';
import type { Features } from './negotiation.ts';
import { NodeDescriptors } from './node-descriptors.ts';
import { type Node, Nodes } from './nodes.ts';
import { OpenFiles } from './open-files.ts';
import { Wire } from './wire.ts';

export interface SessionParts {
  readonly volume: Volume;
  readonly libc: Libc;
  /** The device, open and non-blocking. */
  readonly fd: number;
  readonly features: Features;
  readonly identities: Identities;
  /** Called once INIT is answered; `refusal` says why there will be no mount. */
  readonly onInit: (refusal: string | undefined) => void;
  /** Called with a message for the log. */
  readonly onLog: (line: string) => void;
}

export class Session {
  readonly volume: Volume;
  readonly features: Features;
  readonly identities: Identities;
  readonly calls: SlotCalls;
  readonly nodes: Nodes = new Nodes();
  readonly descriptors: NodeDescriptors;
  readonly files: OpenFiles = new OpenFiles();
  readonly times: HostTimes = new HostTimes(this.nodes);
  readonly interruptions: Interruptions = new Interruptions();
  readonly wire: Wire;
  /** Writes attributes into `wire.out`. */
  readonly entries: EntryWriter;
  readonly onInit: (refusal?: string) => void;
  readonly #onLog: (line: string) => void;

  constructor({ volume, libc, fd, features, identities, onInit, onLog }: SessionParts) {
    this.volume = volume;
    this.features = features;
    this.identities = identities;
    this.onInit = onInit;
    this.#onLog = onLog;
    const hooks = new CallTrace((error) => this.reportBug(error));
    this.calls = new SlotCalls(volume.calls.ring, volume.root, hooks);
    this.descriptors = new NodeDescriptors(this.calls, this.nodes, volume.root);
    this.wire = new Wire(libc, fd, this.calls.memory);
    this.nodes.addRoot(features.rootHandle, volume.root);
    this.entries = new EntryWriter(this.wire.out.u32, this.calls.memory, features, this.nodes);
  }

  /** Logs an exception that is a mistake of this program. */
  reportBug(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#onLog(`fuse: internal error: ${text}`);
  }

  /**
   * Ends a use of a node: removes the node, and closes its descriptor, where it has no use left;
   * otherwise evicts it to its record, where nothing but that is needed.
   */
  releaseIfUnused(node: Node): void {
    if (!this.nodes.isUnused(node)) {
      this.nodes.evict(node);
      return;
    }
    this.descriptors.release(node);
    this.nodes.remove(node);
  }
}
