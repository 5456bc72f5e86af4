import { StandingWait } from "@tandem/sip-endpoint";

/**
 * How long what comes by an edge waits until this worker reads it: in front of the edge's sockets, as the edge says, and on the connection between the two, as the answers to our own
 * pings show, which stand in line with everything else.
 */
export class LinkWait {
  readonly #line = new StandingWait();
  readonly #nowMs: () => number;
  #edgeMs = 0;
  #beats = 0;

  /** @param nowMs a clock that does not jump, milliseconds */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds; 0 while nothing stands. */
  get ms(): number {
    return this.#edgeMs + this.#line.ms;
  }

  /** The ping that goes off now; no other frame has an id like this. */
  beat(): string {
    this.#beats += 1;
    const id = `-${this.#beats}`;
    this.#line.look(id, this.#nowMs());
    return `${id}|ping`;
  }

  /** The edge's answer to a ping of ours; one of an earlier release does not tell its own wait. */
  answered(to: string, edgeMs: string): void {
    this.#line.returned(to, this.#nowMs());
    this.#edgeMs = /^\d{1,6}$/.test(edgeMs) ? Number(edgeMs) : 0;
  }
}
