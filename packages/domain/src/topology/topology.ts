import type { EmergencyPlan, TrunkEmergencySettings } from "./emergency-plan.ts";

/**
 * The topology: the whole desired configuration of a cluster as one versioned document, already parsed and defaulted.
 * The document on paper (YAML, JSON) is read by @tandem/topology-document; this is what the domain decides with.
 */
export interface Topology {
  readonly name: string;
  readonly pools: readonly Pool[];
  readonly gateways: readonly Gateway[];
  readonly trunks: readonly Trunk[];
  readonly dialPlans: readonly DialPlan[];
  readonly routes: readonly Route[];
  readonly emergency: EmergencyPlan;
}

export type Transport = "udp" | "tcp" | "tls";

/** A named set of interchangeable edges and workers behind one FQDN. */
export interface Pool {
  readonly name: string;
  /** Name peers know the pool by; goes into Contact and Record-Route when set, else the listener's advertised address. */
  readonly fqdn?: string;
  /** `split` (default): edges and workers are processes of their own; `fused`: each worker process is an edge, too. */
  readonly arrangement?: "split" | "fused";
  readonly edges: number;
  readonly workers: number;
  readonly listeners: readonly Listener[];
  /** Name of the location policy of callers of this pool whom neither site nor number gives one. */
  readonly locationPolicy?: string;
}

export interface Listener {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly transport: Transport;
  /** What peers are told (Via, Contact); default: `address`/`port`. */
  readonly advertisedAddress: string;
  readonly advertisedPort: number;
  /** `callers`: an emergency call from an unknown source is served here; `gateways`: it is refused like any other. */
  readonly serves: "callers" | "gateways";
  readonly tls?: ListenerTls;
}

export interface ListenerTls {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly caFile?: string;
  /** Ask for and verify the peer's certificate (mutual TLS). */
  readonly mutual: boolean;
}

export type GatewayKind = "pstn" | "pbx" | "sbc" | "e911" | "core";

export interface Gateway {
  readonly name: string;
  readonly kind: GatewayKind;
  /** Host name or IP literal; names are resolved by RFC 3263. */
  readonly address: string;
  /** Further source addresses or CIDR blocks its requests come from. The resolved `address` always counts. */
  readonly sources: readonly string[];
}

/** The tuple (pool, local port + transport, gateway address, gateway port + transport) with its settings. */
export interface Trunk {
  readonly name: string;
  readonly pool: string;
  readonly listener: string;
  readonly gateway: string;
  /** Gateway port; the transport is the listener's. 0 means: resolve by SRV. */
  readonly port: number;
  readonly settings: TrunkSettings;
}

export interface TrunkSettings {
  readonly enabled: boolean;
  /** Most calls at once on this trunk, cluster-wide; 0 = no limit. */
  readonly maxCalls: number;
  /** Most new calls per second on this trunk, cluster-wide; 0 = no limit. */
  readonly maxCallsPerSecond: number;
  /** Failover when no 18x came within this time; 0 = off. Default 10 000. */
  readonly progressTimeoutMs: number;
  /** Failover when nothing at all (not even 100) came within this time, or the connection could not be made. Default 4 000. */
  readonly connectTimeoutMs: number;
  /** Give up an unanswered call after this time. Default 180 000. */
  readonly ringTimeoutMs: number;
  /** SIP statuses after which the next trunk is tried; 3, 4 or 5 alone stands for its whole class. Default: 408 and 5. */
  readonly failoverCodes: readonly number[];
  readonly responseRules: readonly ResponseRule[];
  /** Dial plan for calls arriving here. */
  readonly dialPlan?: string;
  /** Ordered usages: what calls arriving on this trunk may use. */
  readonly usages: readonly string[];
  readonly calledRules: readonly NumberRule[];
  readonly callingRules: readonly NumberRule[];
  readonly removePlus: boolean;
  readonly forwardPai: boolean;
  readonly forwardHistory: boolean;
  readonly forwardDiversion: boolean;
  /** Peer is inside the trust domain of RFC 3325: Privacy:id does not strip PAI towards it. */
  readonly trusted: boolean;
  /** `pass`: REFER goes through to the other leg; `act`: Tandem makes the new call itself; `refuse`: 603/405. */
  readonly refer: "pass" | "act" | "refuse";
  readonly sessionTimer: SessionTimerSettings;
  /** `pass`: 100rel end to end as the peers ask; `require`/`off`: what this leg does whatever the other leg says. */
  readonly reliableProvisional: "pass" | "require" | "off";
  readonly maxEarlyDialogs: number;
  readonly probe: ProbeSettings;
  readonly weight: number;
  readonly emergency: TrunkEmergencySettings;
  /** Of `maxCalls`, so many places are kept for emergency calls. Default 0. */
  readonly emergencyReserve: number;
  /** Trunk to the same gateway without TLS, for emergency calls when TLS fails and the plan's `clearFallback` allows it. */
  readonly clearTrunk?: string;
}

export interface SessionTimerSettings {
  /** Start RFC 4028 ourselves; a peer that starts it is answered always. */
  readonly offer: boolean;
  readonly expiresS: number;
  readonly minSeS: number;
  readonly refresher: "us" | "peer" | "either";
}

export interface ProbeSettings {
  readonly enabled: boolean;
  readonly intervalMs: number;
  /** Interval while down. */
  readonly downIntervalMs: number;
  readonly timeoutMs: number;
  readonly failuresToDown: number;
  readonly successesToUp: number;
  /** Failed and answered calls count like missed and answered probes. */
  readonly watchCalls: boolean;
}

/** First match by SIP code and/or Q.850 cause gives the code the call is treated as. `null` = any. */
export interface ResponseRule {
  readonly code: number | null;
  readonly cause: number | null;
  readonly becomes: number;
}

/** First rule whose pattern matches the whole input wins. Patterns are linear-time regular expressions with `$1`… in `replace`. */
export interface NumberRule {
  readonly name: string;
  readonly match: string;
  readonly replace: string;
}

export interface DialPlan {
  readonly name: string;
  readonly externalAccessPrefix: string;
  readonly rules: readonly NumberRule[];
}

export interface Route {
  readonly name: string;
  /**
   * Pattern over the normalised called number, in the language of the rules. Without anchors it matches the whole number; one anchor leaves
   * the other end open (`^\+44` is what begins with +44).
   */
  readonly match: string;
  readonly except: readonly string[];
  /** Lower is tried first. */
  readonly priority: number;
  readonly usages: readonly string[];
  readonly trunks: readonly string[];
  readonly strategy: "priority" | "weight" | "least-loaded" | "hash";
  readonly suppressCallerId: boolean;
  readonly alternateCallerId?: string;
}
