import type { EmergencyProvider } from "../topology/emergency-plan.ts";
import type { CivicAddress } from "./location/civic-address.ts";
import type { LocationRouting } from "./location/location-method.ts";

/** What is known of an emergency call besides its request. Kept in the call's record to its end, and told by its detail record. */
export interface EmergencyFacts {
  /** `urn:service:sos`, a child, or a test service. */
  readonly service: string;
  readonly test: boolean;
  /** Dial string. */
  readonly number: string;
  /** Names of the location policy and of the network site that hold for the caller. */
  readonly policy: string | null;
  readonly site: string | null;
  /** Where the PSAP reaches the caller. */
  readonly callbackNumber: string;
  /** Number lent to the call, and the emergency response location it stands for. */
  readonly elin: string | null;
  readonly erl: string | null;
  readonly location: LocationFacts;
  /** Where the caller is; null: nobody knows. Personal data: in the emergency record and in notifications, never in an ordinary record or a log. */
  readonly place: EmergencyPlace | null;
  /** What `method` of the location asks for: straight to the PSAP, or first to somebody who asks the caller; null: nobody here knows. */
  readonly routing: LocationRouting | null;
  /** The caller offered audio without G.711 µ-law, so a PSAP may hear nothing (RFC 6881 SP-41). */
  readonly withoutG711: boolean;
  /** Emergency call and incident identifiers (NENA-STA-010.3 §2.1.6, §2.1.7), as URNs. */
  readonly callIdentifier: string | null;
  readonly incidentIdentifier: string | null;
  /** Set when an ordinary call became this emergency call, because one of its sides was transferred to an emergency number. */
  readonly transfer: EmergencyTransfer | null;
}

/** How an ordinary call became an emergency call. */
export interface EmergencyTransfer {
  /** When the transfer was asked for (epoch ms); of several, the first. */
  readonly atMs: number;
  /** Leg of whoever is transferred: the caller of the emergency call. */
  readonly callerLeg: "a" | "b";
  /** Nobody could be reached; the call went on as it was before. */
  readonly failed: boolean;
  /** When the last way out failed, or the caller gave up (epoch ms); null while the call is an emergency call. */
  readonly failedAtMs: number | null;
  /** Times during which it was an ordinary call again, between a transfer that failed and the next one. */
  readonly pauses: readonly EmergencyPause[];
}

/** From the failure of one transfer to the next that was asked for, in epoch ms. */
export interface EmergencyPause {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What location a call has, and how far it can be trusted. */
export interface LocationFacts {
  /** By value or by reference in the request; found by a location service; the default of the caller's site; or none at all. */
  readonly kind: "value" | "reference" | "lis" | "site-default" | "none";
  /** `method` of the PIDF-LO (RFC 4119 §2.2.3) that counts for routing. */
  readonly method: string | null;
}

/** Where an emergency call comes from, as far as anybody said. */
export interface EmergencyPlace {
  /** Who said it: the caller's request; our location database; the secondary location source; the topology's site, or its ERL. */
  readonly source: "request" | "database" | "secondary" | "site" | "erl";
  /** Null: no address was given (a geodetic location, or one to be fetched), and none is made up (RFC 6881 SP-11). */
  readonly civic: CivicAddress | null;
  /** First position of a geodetic location as written: latitude, longitude and altitude in degrees and metres (RFC 5491 §5.1). */
  readonly position: string | null;
  /** URIs that tell the location to who may ask (RFC 6442), in order. */
  readonly references: readonly string[];
}

/** Everything an emergency INVITE is made of besides the caller's request. Kept until the call is answered. */
export interface EmergencyPreparation extends EmergencyFacts {
  /**
   * PIDF-LO document that we add; null when the call brings its location, or none is known. Where the call brings it (`value`), ours says it again, because a
   * conference that the provider is to set up stands in it.
   */
  readonly addedLocation: string | null;
  /** ELINs of the place the call comes from, as far as the place itself names them; those of its ERL stand in the topology. */
  readonly elins: readonly string[];
  /** Who we are to PSAPs; null: nobody says. */
  readonly provider: EmergencyProvider | null;
  /** Names the source of the call so that nobody can guess it, for a PSAP that wants to hand it back (NENA-STA-010.3 §4.1.2). */
  readonly sourceIdentifier: string | null;
}

/** What a preparation holds before anything is known but the decision. */
export const blankPreparation: EmergencyPreparation = {
  service: "urn:service:sos",
  test: false,
  number: "911",
  policy: null,
  site: null,
  callbackNumber: "",
  elin: null,
  erl: null,
  location: { kind: "none", method: null },
  place: null,
  routing: null,
  withoutG711: false,
  callIdentifier: null,
  incidentIdentifier: null,
  transfer: null,
  addedLocation: null,
  elins: [],
  provider: null,
  sourceIdentifier: null,
};

/** The part of a preparation that stays with the call. */
export function emergencyFacts(preparation: EmergencyPreparation): EmergencyFacts {
  const {
    addedLocation: _location,
    elins: _elins,
    provider: _provider,
    sourceIdentifier: _source,
    ...facts
  } = preparation;
  return facts;
}
