import {
  blankPreparation,
  emergencyFacts,
  emergencyRecord,
  newCall,
  serialiseCall,
  type EmergencyNotice,
} from "@tandem/domain";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ControlServices } from "../src/services.ts";
import type { TypedApp } from "../src/typed-app.ts";
import { ApiRigs, headers } from "./api-rig.ts";

let rigs: ApiRigs;
let services: ControlServices;
let app: TypedApp;

beforeAll(async () => {
  rigs = await ApiRigs.start();
});
afterAll(() => rigs.stop());

beforeEach(async () => {
  ({ services, app } = await rigs.fresh());
});

/** As the release wrote it that knew no routing by method, no transfer to an emergency number and no place. */
function recordOfPreviousRelease(callId: string, startMs: number) {
  const attempt = { number: 1, trunk: "sos", route: null, callingNumber: "2001", calledNumber: "911", startMs };
  return {
    kind: "emergency",
    id: `${callId}-emergency`,
    callId,
    sipCallId: "x@y",
    pool: "east",
    ingressTrunk: "core-east",
    egressTrunk: "sos",
    callingNumber: "2001",
    calledNumber: "911",
    emergency: {
      service: "urn:service:sos",
      test: false,
      number: "911",
      policy: "hq",
      site: "hq",
      callbackNumber: "+12125550100",
      elin: null,
      erl: null,
      location: { kind: "site-default", method: null },
      withoutG711: false,
      callIdentifier: null,
      incidentIdentifier: null,
    },
    outcome: "answered",
    startMs,
    ringMs: startMs + 100,
    answerMs: startMs + 200,
    endMs: startMs + 9_000,
    timeToRingingMs: 100,
    durationMs: 8_800,
    sipCode: 200,
    failure: null,
    endedBy: "caller",
    attempts: [
      {
        ...attempt,
        ringMs: null,
        answerMs: startMs + 200,
        endMs: startMs + 9_000,
        sipCode: 200,
        q850: null,
        outcome: "answered",
      },
    ],
    considered: [{ trunk: "sos", route: null, verdict: "chosen", reason: "emergency" }],
    notifications: [],
  };
}

describe("emergency calls", () => {
  const callId = "a".repeat(26);
  const notice: EmergencyNotice = {
    callId,
    atMs: 1_800_000_000_000,
    pool: "east",
    ingressTrunk: "core-east",
    callerUri: "sip:2001@192.0.2.1",
    callerName: "Ann",
    callbackNumber: "+12125550100",
    number: "911",
    service: "urn:service:sos",
    test: false,
    policy: "hq",
    site: "head-office",
    erl: null,
    elin: null,
    location: { kind: "value", method: "LIS", civic: { country: "US", room: "317" }, references: [] },
    targets: ["desk"],
  };
  const post = (url: string, payload?: object) =>
    app.inject({ method: "POST", url, headers, ...(payload && { payload }) });
  const get = async (url: string) => (await app.inject({ url, headers })).json();

  test("a notification is listed, shown and acknowledged once, by the key's name", async () => {
    await services.emergency.notifications.open(notice);
    expect(await get("/v1/emergency/notifications")).toMatchObject([{ callId, location: { civic: { room: "317" } } }]);
    const url = `/v1/emergency/notifications/${callId}`;
    expect(await get(url)).toMatchObject({ callId, acknowledged: null, deliveries: [] });
    const first = await post(`${url}/acknowledge`, { remark: "on my way" });
    expect(first.json()).toMatchObject({ acknowledged: { by: "ops", remark: "on my way" } });
    const second = await post(`${url}/acknowledge`);
    expect(second.json()).toMatchObject({ acknowledged: { remark: "on my way" } });
    expect((await post(`/v1/emergency/notifications/${"b".repeat(26)}/acknowledge`)).statusCode).toBe(404);
  });

  test("a live call shows its record, an ended one what was kept, with the notification as it is now", async () => {
    const call = newCall(callId, notice.atMs);
    const place = { source: "request", civic: { country: "US", room: "317" }, position: null, references: [] } as const;
    call.facts.emergency = emergencyFacts({ ...blankPreparation, policy: "hq", place });
    const write = { callId, document: serialiseCall(call), deadlineMs: Date.now() + 60_000, trunks: [] };
    await services.calls.create(write);
    const url = `/v1/emergency/calls/${callId}`;
    expect(await get(url)).toMatchObject({ live: true, emergency: { policy: "hq", place }, notifications: [] });
    expect(JSON.stringify(await get(`/v1/calls/${callId}`))).not.toContain("317");
    const record = JSON.stringify({ ...emergencyRecord(call, notice.atMs + 9_000), notifications: [] });
    await services.emergency.records.put({ callId, startMs: notice.atMs, json: record });
    await services.emergency.notifications.open(notice);
    await post(`/v1/emergency/notifications/${callId}/acknowledge`);
    expect(await get(url)).toMatchObject({ live: false, acknowledged: { by: "ops" } });
    expect(await get("/v1/emergency/calls")).toMatchObject([{ emergency: { place } }]);
    expect((await app.inject({ url: `/v1/emergency/calls/${"b".repeat(26)}`, headers })).statusCode).toBe(404);
  });

  test("a record kept by the previous release is listed and shown, with null for what that release did not know", async () => {
    const json = JSON.stringify(recordOfPreviousRelease(callId, notice.atMs));
    await services.emergency.records.put({ callId, startMs: notice.atMs, json });
    const shown = {
      callId,
      outcome: "answered",
      emergency: { site: "hq", routing: null, transfer: null, place: null },
    };
    expect(await get("/v1/emergency/calls")).toMatchObject([shown]);
    expect(await get(`/v1/emergency/calls/${callId}`)).toMatchObject(shown);
  });

  test("a live call of a worker of the previous release is listed and shown", async () => {
    const { emergency } = recordOfPreviousRelease(callId, notice.atMs);
    const call = JSON.parse(serialiseCall(newCall(callId, notice.atMs))) as { facts: object };
    const document = JSON.stringify({ ...call, facts: { ...call.facts, emergency } });
    await services.calls.create({ callId, document, deadlineMs: Date.now() + 60_000, trunks: [] });
    const shown = { callId, emergency: { site: "hq", routing: null, transfer: null } };
    expect(await get("/v1/calls")).toMatchObject({ total: 1, calls: [shown] });
    expect(await get(`/v1/calls/${callId}`)).toMatchObject(shown);
    expect(await get(`/v1/emergency/calls/${callId}`)).toMatchObject({ ...shown, live: true });
  });

  test("a path works as long as its last walk of each kind was a success", async () => {
    const walk = { lastTryMs: 5, lastSuccessMs: 5, outcome: "answered", code: 200, roundTripMs: 3 } as const;
    const failed = { ...walk, lastTryMs: 9, outcome: "timeout", code: null } as const;
    await services.emergency.paths.set({ pool: "west", trunk: "sos", options: failed, testCall: null }, 1);
    await services.emergency.paths.set({ pool: "east", trunk: "sos", options: walk, testCall: null }, 1);
    await services.emergency.paths.set({ pool: "east", trunk: "sos-2", options: walk, testCall: failed }, 1);
    expect(await get("/v1/emergency/path")).toMatchObject([
      { pool: "east", trunk: "sos", working: true, lastSuccessMs: 5 },
      { pool: "east", trunk: "sos-2", working: false, lastSuccessMs: 5 },
      { pool: "west", trunk: "sos", working: false, lastSuccessMs: 5 },
    ]);
  });
});
