import type { TimerSettings, TransactionSettings } from "@tandem/sip";
import type { EndpointLimits } from "../config.ts";
import type { EndpointEvents } from "../endpoint.ts";
import type { Counters } from "../metrics/counters.ts";
import type { LimitedLog } from "../metrics/limited-log.ts";
import type { Resolver } from "../next-hop/resolver.ts";
import type { Clock } from "../timers/clock.ts";
import type { TimerWheel } from "../timers/timer-wheel.ts";
import type { Transports } from "../transport/transports.ts";
import type { Ids } from "./ids.ts";
import type { PendingWork } from "./pending-work.ts";

/** What every transaction of an endpoint shares. */
export interface TransactionContext {
  readonly transports: Transports;
  readonly resolver: Resolver;
  readonly wheel: TimerWheel;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: LimitedLog;
  readonly limits: EndpointLimits;
  readonly ids: Ids;
  readonly events: EndpointEvents;
  readonly timers: TimerSettings;
  /** By reliability of the transport. */
  readonly settings: { readonly reliable: TransactionSettings; readonly unreliable: TransactionSettings };
  /** Server header lines of responses made here: none or one. */
  readonly serverHeaders: readonly (readonly [name: string, value: string])[];
  readonly pending: PendingWork;
}
