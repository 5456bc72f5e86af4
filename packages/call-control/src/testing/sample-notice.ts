import type { EmergencyNotice } from "@tandem/domain";

/** The notice of a 911 call `c1` by 2001 that a desk is to be told of, with what a test wants otherwise. */
export function sampleNotice(change: Partial<EmergencyNotice> = {}): EmergencyNotice {
  return {
    callId: "c1",
    atMs: 1,
    pool: "east",
    ingressTrunk: "core",
    callerUri: "sip:2001@192.0.2.10",
    callerName: "Ann",
    callbackNumber: "2001",
    number: "911",
    service: "urn:service:sos",
    test: false,
    policy: "hq",
    site: null,
    erl: null,
    elin: null,
    location: { kind: "none", method: null, civic: null, references: [] },
    targets: ["desk"],
    ...change,
  };
}
