/** A breach of the protocol, to which a real driver would react with a crash, a hang or damage. */
export class ProtocolFault extends Error {
  constructor(what: string) {
    super(`protocol: ${what}`);
    this.name = 'ProtocolFault';
  }
}
