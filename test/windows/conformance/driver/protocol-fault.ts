/**
 * What a real driver would answer with a crash, a hang or damage: a rule of the protocol is broken.
 */
export class ProtocolFault extends Error {
  constructor(what: string) {
    super(`protocol: ${what}`);
    this.name = 'ProtocolFault';
  }
}
