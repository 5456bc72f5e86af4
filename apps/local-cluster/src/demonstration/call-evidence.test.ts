import { blankPreparation, emergencyFacts, type AttemptDetailRecord, type CallDetailRecord } from "@tandem/domain";
import { buildRequest } from "@tandem/sip";
import type { SeenMessage } from "@tandem/simulated-peer";
import { describe, expect, it } from "vitest";
import { findDeviations, type CallEvidence } from "./call-evidence.ts";
import { messagesOfCall, reportCall } from "./call-report.ts";
import { SAMPLE_CALLS } from "./sample-calls.ts";

const [ordinary, failover, emergency] = SAMPLE_CALLS;
if (ordinary === undefined || failover === undefined || emergency === undefined) throw new Error("three sample calls");

const record: CallDetailRecord = {
  kind: "call",
  id: "c1",
  callId: "c1",
  sipCallId: "s1",
  pool: "east",
  ingressTrunk: "core-east",
  egressTrunk: "carrier-b-east",
  route: "national",
  callingNumber: "2125550100",
  calledNumber: "2125550123",
  emergency: null,
  callback: null,
  startMs: 0,
  ringMs: 10,
  answerMs: 20,
  endMs: 320,
  postDialDelayMs: 10,
  durationMs: 300,
  sipCode: 200,
  q850: null,
  failure: null,
  endedBy: "caller",
  transferred: false,
  attempts: 1,
  considered: [{ trunk: "carrier-b-east", route: "national", verdict: "chosen", reason: "in-order" }],
  ladder: [],
};

const attempt = (trunk: string, sipCode: number): AttemptDetailRecord => ({
  kind: "attempt",
  id: `c1-${trunk}`,
  callId: "c1",
  number: 1,
  trunk,
  route: "national",
  callingNumber: "",
  calledNumber: "",
  startMs: 0,
  ringMs: null,
  answerMs: null,
  endMs: 1,
  sipCode,
  q850: null,
  outcome: sipCode === 200 ? "answered" : "peer-unavailable",
});

function seenInvite(callId: string, to: string, body = "", contentType = "application/sdp"): SeenMessage {
  const headers = [
    ["Call-ID", callId],
    ["To", to],
    ["Content-Type", contentType],
  ] as const;
  const message = buildRequest({ method: "INVITE", uri: "sip:x@h", headers, body });
  return { atMs: 0, peer: "e911-provider", direction: "from-tandem", transport: "udp", message };
}

const good: CallEvidence = {
  result: { status: 200, byeStatus: 200 },
  record,
  attempts: [attempt("carrier-b-east", 200)],
  seen: [],
};

describe("findDeviations", () => {
  it("a call that ended as it should has none", () => expect(findDeviations(ordinary, good)).toEqual([]));

  it.each([
    ["refused", { result: { status: 404, byeStatus: null } }, ["The caller got 404 instead of 200."]],
    ["BYE unanswered", { result: { status: 200, byeStatus: 408 } }, ["The BYE got 408 instead of 200."]],
    ["no record", { record: null }, ["No call detail record was written."]],
    ["no attempt", { attempts: [] }, ["The attempts were none instead of carrier-b-east 200."]],
    [
      "taken for an emergency",
      { record: { ...record, emergency: emergencyFacts(blankPreparation) } },
      ["It was taken for an emergency call."],
    ],
  ])("%s", (_name, change, deviations) => {
    expect(findDeviations(ordinary, { ...good, ...change })).toEqual(deviations);
  });

  it("failover is checked attempt by attempt", () => {
    const attempts = [attempt("carrier-a-east", 503), attempt("carrier-b-east", 200)];
    expect(findDeviations(failover, { ...good, attempts })).toEqual([]);
    expect(findDeviations(failover, { ...good, attempts: attempts.toReversed() })).toHaveLength(1);
  });

  it("the location must arrive byte for byte", () => {
    const sos = { ...record, emergency: emergencyFacts(blankPreparation) };
    const evidence = { ...good, record: sos, attempts: [attempt("e911-east", 200)] };
    const arrived = seenInvite("c1-b1", "<sip:911@h>", emergency.body, emergency.contentType);
    const changed = emergency.body.replace("<ca:HNO>350", "<ca:HNO>351");
    const spoiled = seenInvite("c1-b1", "<sip:911@h>", changed, emergency.contentType);
    expect(findDeviations(emergency, { ...evidence, seen: [arrived] })).toEqual([]);
    expect(findDeviations(emergency, { ...evidence, seen: [spoiled] })).toEqual([
      "The location did not arrive as it was sent.",
    ]);
  });
});

describe("the report", () => {
  it("finds both legs of a call: the caller's Call-ID, and ours that begin with the call id of our tag", () => {
    const caller = seenInvite("s1", "<sip:x@h>;tag=c1-a");
    const called = seenInvite("c1-b1", "<sip:x@h>");
    const another = seenInvite("c2-b1", "<sip:x@h>");
    expect(messagesOfCall([caller, called, another], "s1")).toEqual([caller, called]);
  });

  it("shows decision with reasons, record and attempts", () => {
    const lines = reportCall("A call", { ...good, seen: [seenInvite("s1", "<sip:x@h>")] }, "core").join("\n");
    expect(lines).toContain("+ carrier-b-east     chosen   route national: next in the route's order");
    expect(lines).toContain("trunks           core-east → carrier-b-east");
    expect(lines).toContain("attempt 1        carrier-b-east: 200 answered");
  });

  it("still shows the ladder when there is no record", () => {
    const lines = reportCall("A call", { ...good, record: null, seen: [seenInvite("s1", "<sip:x@h>")] }, "core");
    expect(lines.join("\n")).toContain("INVITE x");
    expect(lines.join("\n")).not.toContain("Call detail record");
  });
});
