import {
  composePidf,
  conveyedLocation,
  elinsOfName,
  locateQuery,
  type CivicAddress,
  type ConveyedLocation,
  type EmergencyPlace,
  type EmergencyPreparation,
  type NetworkSite,
  type SecurityDesk,
} from "@tandem/domain";
import type { EmergencyCase, PreparationPorts, PreparationStep } from "./prepare-emergency.ts";

/** Together with what stands before it, the longest an INVITE waits for a location (features: a source is cut off after 500 ms). */
const LOCATE_BUDGET_MS = 500;
/** The step ends a little later than the budget: whoever keeps it has its answer counted. */
const LOCATE_BOUND_MS = LOCATE_BUDGET_MS + 50;

/** What the request and the topology say of where the caller is: nothing is waited for. */
export const conveyedStep: PreparationStep = {
  name: "location",
  boundMs: 100,
  run: (soFar, incident, ports) => Promise.resolve(withConveyed(soFar, incident, ports)),
};

/** What location services say, when the request brings no location, or when a way out wants an ELIN and nothing names one. */
export const locateStep: PreparationStep = {
  name: "location",
  boundMs: LOCATE_BOUND_MS,
  async run(soFar, incident, ports) {
    const { kind } = soFar.location;
    const brought = kind === "value" || kind === "reference";
    if (brought && !wantsElin(soFar, incident)) return soFar;
    const { message } = incident.request;
    const caller = locateQuery(message, {
      address: incident.facts.callerAddress,
      number: incident.facts.callingNumber,
    });
    const { secondary } = incident.snapshot.topology.emergency.lis;
    const found = await ports.locations.locate({ caller, secondary: brought ? null : secondary }, LOCATE_BUDGET_MS);
    if (!found.ok) {
      ports.telemetry.emergency.preparationFailed("location");
      ports.telemetry.log("warn", "no location service could be asked for an emergency call", {
        code: found.error.code,
        detail: found.error.detail,
      });
      return soFar;
    }
    if (found.value === null) return soFar;
    const { address, source, method, erl, elins } = found.value;
    const placed = { ...soFar, erl: erl ?? soFar.erl, elins: elins.length > 0 ? elins : soFar.elins };
    if (brought) return placed;
    return {
      ...placed,
      location: { kind: "lis", method: method === "" ? null : method },
      place: placeAt(address, source),
      addedLocation: pidfOf(address, method === "" ? "Default" : method, { preparation: placed, incident, ports }),
    };
  },
};

function withConveyed(
  soFar: EmergencyPreparation,
  incident: EmergencyCase,
  ports: PreparationPorts,
): EmergencyPreparation {
  const conveyed = conveyedLocation(incident.request.message, ports.readPidf);
  const site = siteOf(soFar, incident);
  const placed = { ...soFar, erl: site?.erl ?? soFar.erl, elins: elinsIn(conveyed) };
  if (conveyed.kind === "value" || conveyed.kind === "reference") {
    const { kind, location, references } = conveyed;
    const place = { civic: location?.civic ?? null, position: location?.position ?? null, references };
    const addedLocation = conferenceOf(conveyed, { preparation: placed, incident, ports });
    const described = { location: { kind, method: location?.method ?? null }, addedLocation };
    return { ...placed, ...described, place: { source: "request", ...place } };
  }
  // RFC 6881 SP-22, SP-33 no. 5: what is missing or broken is made good, beside what there is; never asked for.
  const place = defaultPlace(site, incident);
  if (place?.civic == null) return placed;
  return {
    ...placed,
    location: { kind: "site-default", method: "Default" },
    place,
    addedLocation: pidfOf(place.civic, "Default", { preparation: placed, incident, ports }),
  };
}

/**
 * The caller's own document stays as it is, so a conference that the provider is to set up goes in one of ours, which says the caller's address again.
 * Null: no such conference, or no address that could be said again (a shape, a reference).
 */
function conferenceOf({ location }: ConveyedLocation, composing: Composing): string | null {
  const civic = location?.civic ?? null;
  if (civic === null || providerConference(composing) === null) return null;
  // The address is the caller's word, not ours.
  const preparation = { ...composing.preparation, provider: null };
  return pidfOf(civic, location?.method ?? null, { ...composing, preparation });
}

/** ELINs in the name of the caller's own location, where the product class keeps them. */
function elinsIn({ location }: ConveyedLocation): readonly string[] {
  return elinsOfName(location?.civic?.nam ?? "");
}

function siteOf({ site }: EmergencyPreparation, { snapshot }: EmergencyCase): NetworkSite | undefined {
  return snapshot.topology.emergency.sites.find(({ name }) => name === site);
}

/** The site's own address, else that of its emergency response location. */
function defaultPlace(site: NetworkSite | undefined, { snapshot }: EmergencyCase): EmergencyPlace | null {
  if (site === undefined) return null;
  if (site.location !== null) return placeAt(site.location, "site");
  const erl = snapshot.topology.emergency.erls.find(({ name }) => name === site.erl);
  return erl === undefined || erl.location === null ? null : placeAt(erl.location, "erl");
}

function placeAt(civic: CivicAddress, source: EmergencyPlace["source"]): EmergencyPlace {
  return { source, civic, position: null, references: [] };
}

function wantsElin({ erl, elins }: EmergencyPreparation, { attempts }: EmergencyCase): boolean {
  return erl === null && elins.length === 0 && attempts.some((plan) => plan.emergency?.kind === "elin");
}

interface Composing {
  readonly preparation: EmergencyPreparation;
  readonly incident: EmergencyCase;
  readonly ports: PreparationPorts;
}

function pidfOf(civic: CivicAddress, method: string | null, composing: Composing): string {
  const { preparation, incident, ports } = composing;
  return composePidf({
    entity: `sip:${encodeURIComponent(preparation.callbackNumber || "anonymous")}@${entityHost(incident)}`,
    civic,
    method,
    provider: preparation.provider,
    atMs: ports.clock.now(),
    conference: providerConference(composing),
  });
}

function providerConference({ preparation, incident }: Composing): SecurityDesk | null {
  const { policies } = incident.snapshot.topology.emergency;
  const conference = policies.find(({ name }) => name === preparation.policy)?.conference ?? null;
  return conference?.by === "provider" ? conference : null;
}

function entityHost({ facts, snapshot }: EmergencyCase): string {
  return snapshot.topology.emergency.provider?.fqdn ?? `${facts.pool}.invalid`;
}
