import { undisturbed } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { exchangeOf, placeCall } from "../harness/place-call.ts";
import { sipPort } from "../harness/ports.ts";
import { startUac, startUas, stopAllSipp } from "../harness/sipp.ts";
import type { LoggedMessage } from "../harness/sipp-log.ts";
import { makeTopology } from "../harness/topology.ts";

const peer = await sipPort();
let cluster: TestCluster;
let target: number;

beforeAll(async () => {
  cluster = await startCluster(await makeTopology({ trunks: { peer: { port: peer } } }));
  target = cluster.port("core");
});
afterEach(stopAllSipp);
afterAll(() => cluster?.stop());

async function place(uac: string, uas: string, holdMs = 50) {
  const outcome = await placeCall({ scenario: uac, target, service: "100", holdMs }, [
    { scenario: uas, port: peer, holdMs, calls: 1 },
  ]);
  return { caller: outcome.caller, callee: await outcome.callees[0]!.result };
}

/** How long the caller of such a scenario waits before its CANCEL (ms): the INVITE must be at the callee by then, on a machine that pauses, too. */
const CANCEL_AFTER_MS = 2_000;

const bodyOf = (messages: readonly LoggedMessage[], direction: LoggedMessage["direction"], what: string, nth = 0) =>
  messages.filter((message) => message.direction === direction && message.what === what)[nth]?.body;

describe("a session between two SIPp peers", () => {
  it.each<[what: string, uac: string, uas: string, holdMs?: number]>([
    ["answered and ended by the caller", "uac-basic-expect-200", "uas-basic-expect-200"],
    ["answered without ringing", "uac-basic-expect-200", "uas-at-once-expect-200"],
    ["ended by the callee", "uac-callee-ends-expect-200", "uas-ends-expect-200"],
    ["offerless INVITE: offer in the 200, answer in the ACK", "uac-offerless-expect-200", "uas-basic-expect-200"],
    ["early media: 183 with SDP before the answer", "uac-early-media-expect-200", "uas-early-media-expect-200"],
    ["hold and resume by re-INVITE", "uac-hold-expect-200", "uas-hold-expect-200"],
    ["re-INVITE by the callee", "uac-takes-re-invite-expect-200", "uas-re-invites-expect-200"],
    ["UPDATE after the answer", "uac-update-expect-200", "uas-in-dialog-update-expect-200"],
    ["DTMF by INFO", "uac-info-expect-200", "uas-in-dialog-info-expect-200"],
    ["OPTIONS in the dialog", "uac-in-dialog-options-expect-200", "uas-in-dialog-options-expect-200"],
    ["MESSAGE in the dialog", "uac-in-dialog-message-expect-200", "uas-in-dialog-message-expect-200"],
    ["PRACK: a reliable 183 end to end", "uac-prack-expect-200", "uas-prack-expect-200"],
    ["UPDATE in the early dialog, after PRACK", "uac-prack-update-expect-200", "uas-prack-update-expect-200"],
    ["CANCEL while it rings", "uac-cancel-ringing-expect-487", "uas-ringing-only-expect-487"],
    ["CANCEL before any 18x", "uac-cancel-trying-expect-487", "uas-trying-only-expect-487", CANCEL_AFTER_MS],
  ])("%s", async (_name, uac, uas, holdMs = 200) => {
    const { caller, callee } = await place(uac, uas, holdMs);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1, failed: 0 });
    expect(callee).toMatchObject({ exitCode: 0, completed: 1, failed: 0 });
  });

  it("a caller that does not know 100rel is not bothered with it: PRACK is made on the other leg", async () => {
    const { caller, callee } = await place("uac-basic-expect-200", "uas-prack-if-supported-expect-200");
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    expect(callee.failed).toBe(0);
    const progress = caller.messages.find(({ what }) => what === "183");
    expect(progress?.headers("Require")).toEqual([]);
  });

  it("media descriptions pass: connection and media lines of the caller's offer reach the callee, and back", async () => {
    const { caller, callee } = await place("uac-basic-expect-200", "uas-basic-expect-200");
    const mediaOf = (sdp: string | undefined) => sdp?.split("\n").filter((line) => /^[cm]=/.test(line));
    expect(mediaOf(bodyOf(callee.messages, "received", "INVITE"))).toEqual(
      mediaOf(bodyOf(caller.messages, "sent", "INVITE")),
    );
    expect(mediaOf(bodyOf(caller.messages, "received", "200"))).toEqual(
      mediaOf(bodyOf(callee.messages, "sent", "200")),
    );
  });

  it("hold reaches the callee as sendonly, the resume as sendrecv", async () => {
    const { callee } = await place("uac-hold-expect-200", "uas-hold-expect-200");
    expect(bodyOf(callee.messages, "received", "INVITE", 1)).toContain("a=sendonly");
    expect(bodyOf(callee.messages, "received", "INVITE", 2)).toContain("a=sendrecv");
  });

  it("a DTMF INFO passes byte for byte", async () => {
    const { caller, callee } = await place("uac-info-expect-200", "uas-in-dialog-info-expect-200");
    expect(bodyOf(callee.messages, "received", "INFO")).toBe(bodyOf(caller.messages, "sent", "INFO"));
  });

  it("the caller hears 100, 180 and 200 once each, and nothing else", async () => {
    const { caller } = await undisturbed(
      () => place("uac-basic-expect-200", "uas-basic-expect-200"),
      // Whoever asks again is answered again.
      (outcome) => outcome.caller.retransmissions === 0,
    );
    expect(exchangeOf(caller)).toEqual(["> INVITE", "< 100", "< 180", "< 200", "> ACK", "> BYE", "< 200"]);
  });
});

describe("requests outside a call", () => {
  it("OPTIONS is answered by the cluster itself", async () => {
    const uac = await startUac({ scenario: "uac-options-expect-200", target, service: "ping" });
    expect(await uac.result).toMatchObject({ exitCode: 0, completed: 1 });
  });

  it("MESSAGE is routed like a call and its answer comes back", async () => {
    const uas = await startUas({ scenario: "uas-message-expect-200", port: peer, calls: 1 });
    const uac = await startUac({ scenario: "uac-message-expect-200", target, service: "100" });
    const [caller, callee] = [await uac.result, await uas.result];
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    expect(bodyOf(callee.messages, "received", "MESSAGE")).toBe(bodyOf(caller.messages, "sent", "MESSAGE"));
  });

  it("Max-Forwards 0 is answered with 483 and goes nowhere", async () => {
    const uas = await startUas({ scenario: "uas-basic-expect-200", port: peer });
    const uac = await startUac({ scenario: "uac-max-forwards-zero-expect-483", target, service: "100" });
    expect(await uac.result).toMatchObject({ exitCode: 0, completed: 1 });
    expect(await uas.messages()).toEqual([]);
  });
});
