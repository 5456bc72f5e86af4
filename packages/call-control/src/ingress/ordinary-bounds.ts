import { ordinaryLimits, type CallEvent, type CompiledTrunk, type Decision, type TrunkLimits } from "@tandem/domain";

type InviteEvent = Extract<CallEvent, { kind: "invite" }>;

/** What bounds a call by what was decided of it: its refusal, or the limits of the trunk it came by. */
export function ordinaryBounds(
  decision: Decision,
  trunk: CompiledTrunk | null,
): Pick<InviteEvent, "limits" | "rejection"> {
  if (decision.kind === "reject") return { rejection: decision.failure };
  return decision.kind === "route" ? entryLimits(trunk) : {};
}

/** What the ingress trunk lets in; emergency calls are outside all limits. */
function entryLimits(trunk: CompiledTrunk | null): { readonly limits?: TrunkLimits } {
  if (trunk === null) return {};
  const limits = ordinaryLimits(trunk.trunk.settings);
  return limits.maxCalls > 0 || limits.maxCallsPerSecond > 0 ? { limits } : {};
}
