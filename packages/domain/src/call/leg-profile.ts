import type { EmergencyEgress } from "../emergency/egress.ts";
import type { ResponseRule, SessionTimerSettings } from "../topology/topology.ts";

/**
 * What the machine must know of a leg's trunk for the rest of the call. It is copied into the record when the leg is made, so that a change of
 * topology never changes a call in progress.
 */
export interface LegProfile {
  readonly trunk: string;
  readonly pool: string;
  readonly listener: string;
  readonly transport: "udp" | "tcp" | "tls";
  /** host:port peers are told: Contact, and the host of our From/PAI. */
  readonly contactHost: string;
  /** Host (and port) of the gateway: Request-URI host and To host of what we send. */
  readonly peerHost: string;
  /** Where requests out of a dialog go, as a SIP URI. */
  readonly nextHop: string;
  readonly forwardPai: boolean;
  readonly forwardHistory: boolean;
  readonly forwardDiversion: boolean;
  readonly trusted: boolean;
  readonly refer: "pass" | "act" | "refuse";
  readonly reliableProvisional: "pass" | "require" | "off";
  readonly maxEarlyDialogs: number;
  readonly sessionTimer: SessionTimerSettings;
  readonly responseRules: readonly ResponseRule[];
  /** An edge by which nothing was heard of the peer: what goes there leaves by another one of the pool, while there is one. Absent: any. */
  readonly avoidEdge?: string;
}

/** Cluster-wide limits of a trunk; 0: none. */
export interface TrunkLimits {
  /** Ordinary calls at once. */
  readonly maxCalls: number;
  readonly maxCallsPerSecond: number;
  /** Places above `maxCalls` that only emergency calls take; absent: none. */
  readonly keptForEmergency?: number;
}

/** One way out with everything the machine needs to try it. */
export interface AttemptPlan extends TrunkLimits {
  readonly profile: LegProfile;
  readonly route: string | null;
  readonly calledNumber: string;
  readonly callingNumber: string;
  readonly suppressCallerId: boolean;
  readonly progressTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly ringTimeoutMs: number;
  readonly failoverCodes: readonly number[];
  /** What the INVITE of an emergency call looks like here; absent on an ordinary call. */
  readonly emergency?: EmergencyEgress;
  /** An emergency call takes a place on a trunk that has a limit; with `preempts` the oldest ordinary call makes room. */
  readonly seizes?: { readonly maxCalls: number; readonly preempts: boolean };
  /** What is tried next when TLS to this trunk's gateway fails (emergency calls, where the topology allows it). */
  readonly inClear?: AttemptPlan;
  /** What is tried next when the gateway answers as one that makes nothing of Replaces (attended transfer of an emergency call). */
  readonly withoutReplaces?: AttemptPlan;
  /** It leads to those who serve emergency calls: a call taker's transfer to whomever tells there what the caller told of where he is. */
  readonly tellsPlace?: true;
  /** Request-URI to use as it is, when it is not made of `calledNumber` and `peerHost` (a transfer target that is a dialog's Contact). */
  readonly requestUri?: string;
  /** Header lines to add to the INVITE (Replaces of an attended transfer, Referred-By). */
  readonly headers?: readonly (readonly [string, string])[];
}
