import { callbackKey, type CompiledTrunk, type Snapshot } from "@tandem/domain";
import { withHeaders, type SipMessage } from "@tandem/sip";
import type { Callback, IncomingRequest } from "../ports/index.ts";

/** Whether the request says that it is a callback from a PSAP (RFC 7090). Anybody can write that. */
export function claimsPsapCallback(message: SipMessage): boolean {
  return message.get("Priority")?.trim().toLowerCase() === "psap-callback";
}

/** Whether what comes by the trunk may be a PSAP's callback: as the topology says, else where an E9-1-1 provider is behind it. */
export function isPsapTrunk({ trunk, gateway }: CompiledTrunk): boolean {
  return trunk.settings.emergency.psap ?? gateway.kind === "e911";
}

/** The request without the claim: RFC 7090 §5 wants it believed only from whom the topology names. */
export function withoutClaim(request: IncomingRequest): IncomingRequest {
  if (!claimsPsapCallback(request.message)) return request;
  return { ...request, message: withHeaders(request.message, (headers) => headers.remove("Priority")) };
}

/**
 * A call to the caller's own number from his own side is his colleague's and takes the usual way. An ELIN is known to PSAPs only: a call to it is a callback
 * by his trunk, too, where one SBC leads to him and to the public network.
 */
export function isFromOutside(trunk: CompiledTrunk, { key, caller }: Callback): boolean {
  if (trunk.gateway.kind === "core") return false;
  if (trunk.trunk.name !== caller.profile.trunk) return true;
  return [caller.number, caller.callbackNumber ?? caller.number].every((own) => callbackKey(own) !== key);
}

/** Whether it is worth asking the book itself, because the call comes from a PSAP or to an ELIN: rare calls that may follow at once upon the first. */
export function mayBeCallback(trunk: CompiledTrunk, number: string, snapshot: Snapshot): boolean {
  return trunk.gateway.kind !== "core" && (isPsapTrunk(trunk) || elinKeys(snapshot).has(callbackKey(number)));
}

const keysOfElins = new WeakMap<Snapshot, ReadonlySet<string>>();

/** The ELINs of the topology; those of the location database are in the workers' copies of the book. */
function elinKeys(snapshot: Snapshot): ReadonlySet<string> {
  const known = keysOfElins.get(snapshot);
  if (known !== undefined) return known;
  const keys = new Set(snapshot.emergency.plan.erls.flatMap(({ elins }) => elins.map(callbackKey)));
  keysOfElins.set(snapshot, keys);
  return keys;
}
