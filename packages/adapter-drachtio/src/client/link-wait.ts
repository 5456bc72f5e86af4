import type { EdgeLoad, EdgeWait } from "@tandem/call-control";
import { StandingWait } from "@tandem/sip-endpoint";

/**
 * How long what comes by an edge waits until this worker reads it: in front of the edge's sockets, as the edge says, and on the connection between the two, as the answers to our own
 * pings show, which stand in line with everything else.
 */
export class LinkWait {
  readonly #line = new StandingWait();
  readonly #nowMs: () => number;
  #told: EdgeLoad = { receiveMs: 0, callsPerSecond: null };
  #beats = 0;

  /** @param nowMs a clock that does not jump, milliseconds */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get now(): EdgeWait {
    return { ...this.#told, lineMs: this.#line.ms };
  }

  /** The ping that goes off now; no other frame has an id like this. */
  beat(): string {
    this.#beats += 1;
    const id = `-${this.#beats}`;
    this.#line.look(id, this.#nowMs());
    return `${id}|ping`;
  }

  /** The edge's answer to a ping of ours: its own wait, which one of an earlier release does not tell, and how many new calls a second it gets. */
  answered(to: string, receiveMs: string, callsPerSecond: string): void {
    this.#line.returned(to, this.#nowMs());
    this.#told = { receiveMs: countIn(receiveMs) ?? 0, callsPerSecond: countIn(callsPerSecond) };
  }
}

function countIn(token: string): number | null {
  return /^\d{1,6}$/.test(token) ? Number(token) : null;
}
