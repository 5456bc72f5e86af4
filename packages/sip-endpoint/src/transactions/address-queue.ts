import type { Target } from "../next-hop/target.ts";
import type { LocalPort, Transports } from "../transport/transports.ts";
import { RecentTargets } from "./recent-targets.ts";

/** Our Via line and the reserve for what a proxy may add are counted with the message (RFC 3261 §18.1.1 gives 200 bytes of margin). */
const OWN_VIA_BYTES = 120;

interface Entry {
  readonly target: Target;
  /** UDP again, after TCP (which the size asked for) could not be had. */
  readonly insteadOfTcp: boolean;
}

/** A place to send to and the listener to send from. */
export interface Way {
  readonly port: LocalPort;
  readonly target: Target;
}

/** The addresses of a next hop that were not tried yet, best first. */
export class AddressQueue {
  private readonly transports: Transports;
  private readonly refusals: TcpRefusals;
  private readonly listener: string | null;
  private readonly maxDatagram: number;
  private readonly entries: Entry[];

  constructor(
    parts: { readonly transports: Transports; readonly refusals: TcpRefusals; readonly maxDatagram: number },
    listener: string | null,
    targets: readonly Target[],
  ) {
    this.transports = parts.transports;
    this.refusals = parts.refusals;
    this.maxDatagram = parts.maxDatagram;
    this.listener = listener;
    this.entries = targets.map((target) => ({ target, insteadOfTcp: false }));
  }

  /**
   * The next way for a request of so many bytes without our Via. `unreachable`: the last one could not be reached at all; only
   * then does a large request try UDP after TCP (RFC 3261 §18.1.1).
   */
  next(bytes: number, unreachable: boolean): Way | undefined {
    for (let entry = this.entries.shift(); entry !== undefined; entry = this.entries.shift()) {
      if (entry.insteadOfTcp && !unreachable) continue;
      if (entry.insteadOfTcp) this.refusals.note(entry.target);
      const port = this.transports.portFor(this.listener, entry.target);
      if (port === undefined) continue;
      const { target } = entry;
      if (port.transport !== "udp" || entry.insteadOfTcp || bytes + OWN_VIA_BYTES <= this.maxDatagram) {
        return { port, target };
      }
      const stream = this.refusals.has(target) ? undefined : this.transports.streamInstead(port);
      if (stream === undefined) return { port, target };
      this.entries.unshift({ target, insteadOfTcp: true });
      return { port: stream, target: { ...target, transport: "tcp", upgraded: true } };
    }
    return undefined;
  }
}

/** Peers that lately did not take TCP when a large request asked for it: not asked again with every call. */
export class TcpRefusals extends RecentTargets {
  constructor(now: () => number) {
    // Asked for by UDP, refused by TCP: one peer.
    super(now, ({ address, port }) => `${address} ${port}`);
  }
}
