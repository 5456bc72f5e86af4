import {
  decide,
  identifyIngress,
  legProfile,
  strangerProfile,
  type CompiledTrunk,
  type Decision,
  type LegProfile,
  type LiveView,
} from "@tandem/domain";
import type { InForce } from "../live/topology-in-force.ts";
import type { IncomingRequest, PeerAddress } from "../ports/index.ts";
import { requestFacts } from "./request-facts.ts";

/** The trunk a request came by, or null for a stranger. */
export function ingressTrunk(request: IncomingRequest, { sources }: InForce): CompiledTrunk | null {
  const { pool, listener, source, tlsIdentities } = request;
  return identifyIngress({ pool, listener, address: source.address, port: source.port, tlsIdentities }, sources);
}

/** Profile of the leg a request came by. Null when the topology does not know its listener (any more). */
export function ingressProfile(
  request: IncomingRequest,
  trunk: CompiledTrunk | null,
  { snapshot }: InForce,
): LegProfile | null {
  const { pool, listener, source } = request;
  const known = trunk === null ? null : legProfile(trunk.trunk.name, snapshot);
  const profile = known ?? strangerProfile({ pool, listener, address: source.address, port: source.port }, snapshot);
  if (profile === null || profile.transport === "udp") return profile;
  // What came over a connection may have its way back only there; once that is gone, the peer's own place is left.
  return { ...profile, nextHop: `${profile.nextHop};flow=${farEnd(source)}` };
}

/** Host and port of the other end of a connection, as they stand in a URI. */
function farEnd({ address, port }: PeerAddress): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The decision about a new request; `callId` spreads weighted choices. */
export function decideRequest(
  request: IncomingRequest,
  trunk: CompiledTrunk | null,
  callId: string,
  world: { readonly inForce: InForce; readonly live: LiveView },
): Decision {
  const { snapshot } = world.inForce;
  return decide(requestFacts(request, trunk, { callId, plan: snapshot.emergency.plan }), snapshot, world.live);
}

/** Whether a new request is an emergency call. */
export function isForHelp(
  request: IncomingRequest,
  callId: string,
  world: { readonly inForce: InForce; readonly live: LiveView },
): boolean {
  return decideRequest(request, ingressTrunk(request, world.inForce), callId, world).kind === "emergency";
}
