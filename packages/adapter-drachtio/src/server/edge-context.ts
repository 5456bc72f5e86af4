import type { CallRate } from "@tandem/call-control";
import type { Endpoint } from "@tandem/sip-endpoint";
import type { AppRoster } from "./app-roster.ts";
import type { CallAffinity } from "./call-affinity.ts";
import type { EdgeCounters } from "./edge-counters.ts";
import type { EdgeSettings } from "./edge-settings.ts";
import type { TokenSource } from "./token-source.ts";

/** Time and timers; call-control's `Clock` and the endpoint's fit. */
export interface EdgeClock {
  now(): number;
  after(delayMs: number, fire: () => void): () => void;
}

/** What the parts of the protocol server share. */
export interface EdgeContext {
  readonly settings: EdgeSettings;
  readonly clock: EdgeClock;
  readonly tokens: TokenSource;
  readonly counters: EdgeCounters;
  readonly roster: AppRoster;
  readonly affinity: CallAffinity;
  /** New calls that come to this edge. */
  readonly calls: CallRate;
  /** The SIP side; set before any event comes. */
  readonly endpoint: () => Endpoint;
}
