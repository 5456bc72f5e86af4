import type { CivicAddress } from "../emergency/location/civic-address.ts";

/** The emergency section of a topology: what is an emergency call, where it goes, where callers are and who is told. */
export interface EmergencyPlan {
  /** E9-1-1 trunks in order of preference; those of the ingress pool first when `preferOwnPool`. */
  readonly trunks: readonly string[];
  /** True: E9-1-1 trunks of the pool the call arrived at come before those of other pools. */
  readonly preferOwnPool: boolean;
  /** After every E9-1-1 trunk, in order. */
  readonly fallbackTrunks: readonly string[];
  /** Emergency numbers everywhere. A location policy may add its own. */
  readonly numbers: readonly EmergencyNumber[];
  /** The emergency call centre that asks callers where they are (ECRC), in E.164 with `+`: dialled when every other way failed. */
  readonly screeningNumber: string | null;
  /** Trunks the screening number is dialled over, in order. Empty: every trunk to a PSTN gateway or carrier SBC. */
  readonly screeningTrunks: readonly string[];
  /** Who asks the callers whose location cannot be trusted. */
  readonly screenedCalls: ScreenedBy;
  /** An attempt of an emergency call is given up when nothing came within this time. A trunk's own shorter time stands. Default 2 000. */
  readonly connectTimeoutMs: number;
  /** And when no 18x came within this time. Default 6 000. */
  readonly progressTimeoutMs: number;
  /** So long after an emergency call, a call to its callback number reaches the caller. 0–3 600 000; default 1 800 000. */
  readonly callbackWindowMs: number;
  /** Header a callback carries towards the caller's side, so that forwards and do-not-disturb do not stand in its way there; null: none. */
  readonly callbackHeader: { readonly name: string; readonly value: string } | null;
  /** `oldest`: where a trunk is full, its oldest ordinary call ends for the emergency call. `off`: the emergency call goes over the limit. */
  readonly preemption: "off" | "oldest";
  /** After a TLS failure, an emergency call may go in clear over the trunk's `clearTrunk` (RFC 6881 SP-31). */
  readonly clearFallback: boolean;
  /** Where the address comes from that tells a caller's network site. */
  readonly siteFrom: SiteSource;
  /** Header that holds the caller's address, where `siteFrom` is `header`. */
  readonly siteHeader: string | null;
  /** Name of the policy of callers that no site, user entry or pool gives one. */
  readonly policy: string | null;
  readonly policies: readonly LocationPolicy[];
  readonly users: readonly PolicyUsers[];
  readonly sites: readonly NetworkSite[];
  readonly erls: readonly ResponseLocation[];
  readonly notificationTargets: readonly NotificationTarget[];
  /** Media relays (rtpengine) that copy an emergency call's audio to a security desk: `host:port` of their ng control ports (1–65535), any of which serves. */
  readonly mediaRelays: readonly string[];
  /** Mixers by which a security desk can be heard in an emergency call: `host:port` of their control ports (1–65535), any of which serves. */
  readonly mediaMixers: readonly string[];
  readonly lis: LocationServiceSettings;
  readonly provider: EmergencyProvider | null;
  /** How often each E9-1-1 path is walked to its end. */
  readonly heartbeatMs: number;
  /** How often the heartbeat places a test call on each trunk that takes them. */
  readonly heartbeatTestCallMs: number;
}

/**
 * `provider`: the E9-1-1 provider, which reads `method` of the location; `screening-number`: the screening centre, dialled before every other way.
 */
export type ScreenedBy = "provider" | "screening-number";

export interface EmergencyNumber {
  readonly dial: string;
  readonly masks: readonly string[];
  /** 933 and the like: goes to the E9-1-1 trunk as itself and is marked a test. */
  readonly test: boolean;
  /** Service URN it stands for (RFC 5031), lower case; default `urn:service:sos`, or `urn:service:test.sos` for a test number. */
  readonly service?: string;
}

/**
 * `source`: the request's source address; `via`: the first hop (last Via, its `received` before its host); `contact`: the host of Contact;
 * `header`: a header of the core. All but `source` count only from a known trunk.
 */
export type SiteSource = "source" | "via" | "contact" | "header";

/** What holds for the emergency calls of some callers. The most specific one counts: site, then user, then pool, then the plan's `policy`. */
export interface LocationPolicy {
  readonly name: string;
  /** Numbers besides the plan's; on a collision these win. */
  readonly numbers: readonly EmergencyNumber[];
  /** E9-1-1 trunks before the plan's. */
  readonly trunks: readonly string[];
  /** Fallback trunks before the plan's. */
  readonly fallbackTrunks: readonly string[];
  /** What clients ask of their user when no location is known. A call without one is never refused. */
  readonly locationRequired: "no" | "yes" | "disclaimer";
  readonly disclaimer: string | null;
  /** Who screens these callers; null: as the plan says. */
  readonly screenedCalls: ScreenedBy | null;
  /** Names of notification targets. */
  readonly notify: readonly string[];
  readonly conference: SecurityDesk | null;
  readonly testCalls: {
    /** Where test calls go. Empty: the E9-1-1 trunks. */
    readonly trunks: readonly string[];
    /** Test calls are notified too, marked TEST. */
    readonly notify: boolean;
  };
}

/** A security desk that joins the call. */
export interface SecurityDesk {
  readonly uri: string;
  /** `oneway`: the desk only hears. */
  readonly mode: "oneway" | "twoway";
  /** `provider`: the E9-1-1 provider calls the desk; `local`: Tandem does, over `trunk`, with a copy of the call's audio from a media relay, or by a mixer. */
  readonly by: "provider" | "local";
  /** Trunk over which Tandem calls the desk; null where the provider does. */
  readonly trunk: string | null;
}

/** Callers by number, whose policy is not their pool's. */
export interface PolicyUsers {
  /** Numbers (`+12125550100`) and patterns of calling numbers. */
  readonly numbers: readonly string[];
  readonly policy: string;
}

/** A place in the network. The site with the longest subnet that holds the caller's address counts. */
export interface NetworkSite {
  readonly name: string;
  /** CIDR blocks or single addresses. */
  readonly subnets: readonly string[];
  readonly policy: string | null;
  /** Name of the emergency response location callers here are at, unless something more exact is known. */
  readonly erl: string | null;
  /** Default location of callers that bring none and that no source knows. */
  readonly location: CivicAddress | null;
}

/** An emergency response location (ERL): a place help can be sent to, and the numbers that stand for it. */
export interface ResponseLocation {
  readonly name: string;
  /** Emergency location identification numbers, E.164. */
  readonly elins: readonly string[];
  readonly location: CivicAddress | null;
}

/** Somebody who is told of emergency calls. */
export type NotificationTarget = {
  readonly name: string;
  /** Name of the target that is told when nobody acknowledged. */
  readonly escalateTo: string | null;
  readonly escalateAfterMs: number;
} & (
  | {
      readonly kind: "sip";
      readonly uri: string;
      /** Trunk the MESSAGE leaves by. */
      readonly trunk: string;
    }
  | {
      readonly kind: "webhook";
      readonly url: string;
      /** Environment variable that holds the key of the signature, or null for none. */
      readonly secretEnv: string | null;
    }
  | { readonly kind: "email"; readonly address: string }
);

export interface LocationServiceSettings {
  /** Asked when the own location database knows nothing. */
  readonly secondary: { readonly url: string; readonly timeoutMs: number } | null;
}

/** Who we are to PSAPs: RFC 7852 ProviderInfo, the host of i3 identifiers, provided-by of locations we add. */
export interface EmergencyProvider {
  readonly organization: string;
  /** NENA company id or another registered id. */
  readonly id: string | null;
  /** `tel:` or `sip:` URI that is answered at any hour. */
  readonly contact: string;
  readonly fqdn: string;
  /** What service the callers have; absent: `defaultServiceDescription`. */
  readonly service?: ServiceDescription;
}

/** RFC 7852 §4.2 ServiceInfo. */
export interface ServiceDescription {
  readonly environment: "Business" | "Residence" | "Unknown";
  /** A value of the registry of §4.2.2, such as `MLTS-local`, `MLTS-hosted`, `POTS`. */
  readonly type: string;
  readonly mobility: "Mobile" | "Fixed" | "Nomadic" | "Unknown";
}

/** What a trunk does with emergency calls. */
export interface TrunkEmergencySettings {
  /** What an emergency INVITE looks like here; null: `pidf-lo` to an E9-1-1 gateway, else `plain`. */
  readonly profile: EmergencyProfile | null;
  /** The caller's location goes along, or is taken out. */
  readonly location: "pass" | "strip";
  /** Calls that arrive here may be callbacks from a PSAP (RFC 7090); null: from E9-1-1 gateways only. */
  readonly psap: boolean | null;
  /** The heartbeat may place test calls here. */
  readonly testCall: boolean;
  /** The heartbeat walks this path. */
  readonly heartbeat: boolean;
}

/**
 * `pidf-lo`: SIP of the E9-1-1 service provider class (dial string, Priority, Geolocation, SDP and PIDF-LO); `i3`: NENA-STA-010.3, an ESInet;
 * `elin`: the calling number is replaced by a number of the location; `plain`: an ordinary call with the caller's number.
 */
export type EmergencyProfile = "pidf-lo" | "i3" | "elin" | "plain";
