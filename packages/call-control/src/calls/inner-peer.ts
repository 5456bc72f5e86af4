import type { IncomingRequest, PeerAddress, ServerTransaction, SipPort } from "../ports/index.ts";

/** Where a peer inside is. */
export const INSIDE: PeerAddress = { address: "", port: 0, transport: "udp" };

/** A SipPort with a SIP peer of its own, inside this process, in front of the edges: what concerns edges is their business alone, for on the way inside there is none. */
export abstract class InnerPeer {
  protected readonly outside: SipPort;

  constructor(outside: SipPort) {
    this.outside = outside;
  }

  hold(transaction: Parameters<SipPort["hold"]>[0]): void {
    this.outside.hold(transaction);
  }

  unhold(transaction: ServerTransaction): void {
    this.outside.unhold(transaction);
  }

  acknowledged(transaction: ServerTransaction): void {
    this.outside.acknowledged(transaction);
  }

  hasOtherEdge(pool: string, edge: string): boolean {
    return this.outside.hasOtherEdge(pool, edge);
  }

  adopt(invite: IncomingRequest): void {
    this.outside.adopt(invite);
  }

  handOver(transaction: ServerTransaction): void {
    this.outside.handOver(transaction);
  }
}
