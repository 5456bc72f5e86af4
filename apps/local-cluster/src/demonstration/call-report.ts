import type { AttemptDetailRecord, CallDetailRecord, Consideration, ConsiderationReason } from "@tandem/domain";
import { readTag } from "@tandem/sip";
import type { SeenMessage } from "@tandem/simulated-peer";
import type { CallEvidence } from "./call-evidence.ts";
import { describeMessage } from "./describe-message.ts";
import { drawLadder, type DiagramMessage } from "./ladder-diagram.ts";

const REASON_WORDS: Readonly<Record<ConsiderationReason, string>> = {
  "in-order": "next in the route's order",
  emergency: "emergency trunk",
  "emergency-other-pool": "an E9-1-1 trunk that nobody named",
  "emergency-elin": "a gateway that gives location numbers",
  "emergency-fallback": "last resort for emergency calls",
  "emergency-route": "an ordinary way out, because nothing else is left for an emergency call",
  "emergency-pstn": "any way to the PSTN, for an emergency call",
  "emergency-screening": "the emergency call centre that asks for the location",
  "emergency-screened-first": "the emergency call centre, first because the location cannot be trusted",
  "emergency-down-last": "emergency call: down, so tried late",
  "emergency-ingress-last": "emergency call: it came from there, so tried late",
  "emergency-disabled-last": "emergency call: disabled, so tried last",
  "trunk-disabled": "disabled",
  "trunk-down": "does not answer OPTIONS",
  "trunk-full": "has all the calls it may have",
  "ingress-trunk": "the call came from there",
  "already-chosen": "already among the attempts",
  "pool-draining": "its pool drains",
  "no-shared-usage": "the caller's trunk has no usage of this route",
  "enough-attempts": "enough other ways out stand before it",
};

/** A finished sample call for people: ladder, trunk decision, call detail record. */
export function reportCall(title: string, evidence: CallEvidence, caller: string): readonly string[] {
  const { record, attempts, seen } = evidence;
  const columns = [caller, "tandem", ...new Set(seen.map(({ peer }) => peer).filter((peer) => peer !== caller))];
  return [
    title,
    "=".repeat(title.length),
    "",
    ...drawLadder(columns, seen.map(diagramMessage)),
    "",
    ...(record === null ? [] : [...reportDecision(record.considered), "", ...reportRecord(record, attempts)]),
  ];
}

/** Messages of the call whose caller used `sipCallId`: its own, and those in dialogs of ours, whose Call-ID begins with the call id of our tag. */
export function messagesOfCall(seen: readonly SeenMessage[], sipCallId: string): readonly SeenMessage[] {
  const own = seen.filter(({ message }) => message.get("Call-ID") === sipCallId);
  const ourTag = own.map(({ message }) => readTag(message.get("To") ?? "")).find((tag) => tag !== undefined);
  const callId = ourTag?.split("-")[0];
  return seen.filter(({ message }) => {
    const id = message.get("Call-ID") ?? "";
    return id === sipCallId || (callId !== undefined && id.startsWith(`${callId}-`));
  });
}

function diagramMessage({ atMs, peer, direction, transport, message }: SeenMessage): DiagramMessage {
  const [from, to] = direction === "to-tandem" ? [peer, "tandem"] : ["tandem", peer];
  const { label, facts } = describeMessage(message);
  return { atMs, from, to, label, facts: [transport.toUpperCase(), ...(facts === "" ? [] : [facts])].join(", ") };
}

function reportDecision(considered: readonly Consideration[]): readonly string[] {
  const lines = considered.map(({ trunk, route, verdict, reason }) => {
    const where = route === null ? "no route" : `route ${route}`;
    return `  ${verdict === "chosen" ? "+" : "-"} ${trunk.padEnd(18)} ${verdict.padEnd(8)} ${where}: ${REASON_WORDS[reason]}`;
  });
  return ["Trunk decision", ...lines];
}

function reportRecord(record: CallDetailRecord, attempts: readonly AttemptDetailRecord[]): readonly string[] {
  const kind = record.emergency === null ? "ordinary" : `emergency (${record.emergency.service})`;
  const facts = [
    ["call", `${record.callId} (${kind})`],
    ["from, to", `${record.callingNumber} → ${record.calledNumber}`],
    ["trunks", `${record.ingressTrunk} → ${record.egressTrunk ?? "none"}`],
    ["started", new Date(record.startMs).toISOString()],
    ["post-dial delay", record.postDialDelayMs === null ? "none" : `${record.postDialDelayMs} ms`],
    ["talked", `${record.durationMs} ms`],
    ["ended", `${record.sipCode}, by ${record.endedBy}${record.failure === null ? "" : ` (${record.failure})`}`],
    ...attempts.map(
      ({ number, trunk, sipCode, outcome }) => [`attempt ${number}`, `${trunk}: ${sipCode} ${outcome}`] as const,
    ),
  ] as const;
  return ["Call detail record", ...facts.map(([name, value]) => `  ${name.padEnd(16)} ${value}`)];
}
