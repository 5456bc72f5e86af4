import type { Call } from "./call.ts";

/** The record of a call that has not begun; its first event is `invite`. */
export function newCall(callId: string, nowMs: number): Call {
  return {
    v: 1,
    id: callId,
    phase: "new",
    createdMs: nowMs,
    partySerial: 0,
    exchangeSerial: 0,
    parties: [],
    exchanges: [],
    unacked: [],
    hunt: null,
    caller: null,
    transfer: null,
    refers: [],
    reserved: [],
    owedByes: [],
    endByMs: 0,
    auditAtMs: 0,
    facts: {
      pool: "",
      ingressTrunk: "",
      callingNumber: "",
      calledNumber: "",
      sipCallId: "",
      emergency: null,
      callback: null,
      considered: [],
      ringMs: 0,
      answerMs: 0,
      endMs: 0,
      sipCode: 0,
      q850: null,
      failure: null,
      endedBy: null,
      transferred: false,
    },
    attempts: [],
    ladder: [],
  };
}
