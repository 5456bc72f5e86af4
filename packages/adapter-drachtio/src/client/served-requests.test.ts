import type { IncomingRequest } from "@tandem/call-control";
import { buildRequest, responseTo } from "@tandem/sip";
import { expect, test } from "vitest";
import { ServedRequests } from "./served-requests.ts";

function request(id: string, method = "INVITE"): IncomingRequest {
  return {
    transaction: { edge: "e1", id },
    message: buildRequest({ method, uri: "sip:a@b", headers: [["CSeq", `1 ${method}`]] }),
    source: { address: "198.51.100.7", port: 5060, transport: "udp" },
    pool: "east",
    listener: "outside",
    tlsIdentities: [],
    redelivered: false,
  };
}

const answer = (status: number) => responseTo(request("x").message, status);
const ids = (served: ServedRequests, nowMs: number) =>
  served.strand(nowMs).map((each) => [each.request.transaction.id, each.answer?.status ?? null]);

test("what an edge leaves when it is lost: INVITEs unanswered, and those answered a moment ago", () => {
  const served = new ServedRequests();
  for (const id of ["open", "old", "new", "cancelled"]) served.delivered(request(id), 0);
  served.delivered(request("message", "MESSAGE"), 0);
  served.answered("old", answer(486), 0);
  served.answered("new", answer(200), 1_000);
  served.answered("message", answer(200), 1_000);
  served.over("cancelled");
  expect(served.size(2_000)).toBe(1);
  expect(ids(served, 2_000)).toEqual([
    ["open", null],
    ["new", 200],
  ]);
  expect(ids(served, 2_000)).toEqual([]);
});

test("what the edge has long answered by itself is forgotten, of all methods; a provisional response renews its time", () => {
  const served = new ServedRequests();
  for (const id of ["silent", "rings"]) served.delivered(request(id), 0);
  served.delivered(request("message", "MESSAGE"), 0);
  served.answered("rings", answer(180), 200_000);
  expect(served.size(309_999)).toBe(3);
  expect(served.size(310_000)).toBe(1);
  expect(ids(served, 400_000)).toEqual([["rings", null]]);
});

test("what another worker answers is not waited for, and comes along all the same when the edge is lost", () => {
  const served = new ServedRequests();
  for (const id of ["left", "own", "answered", "over"]) served.delivered(request(id), 0);
  for (const id of ["left", "left", "answered", "over", "unknown"]) served.left(id);
  expect(served.size(0)).toBe(1);
  served.answered("answered", answer(486), 0);
  served.over("over");
  expect(served.size(0)).toBe(1);
  expect(ids(served, 3_000)).toEqual([
    ["left", null],
    ["own", null],
  ]);
  expect(served.size(3_000)).toBe(0);
});

test("what another worker answers is waited for again when it is offered, or answered from here", () => {
  const served = new ServedRequests();
  for (const id of ["offered", "rings", "old"]) served.delivered(request(id), 0);
  for (const id of ["offered", "rings", "old"]) served.left(id);
  served.delivered(request("offered"), 1_000);
  served.answered("rings", answer(180), 1_000);
  expect(served.size(1_000)).toBe(2);
  expect(served.size(310_000)).toBe(2);
  expect(served.size(311_000)).toBe(0);
});

test("an edge that never answers lets nothing grow without bound", () => {
  const served = new ServedRequests();
  for (let second = 0; second < 1_000; second += 1) served.delivered(request(`s${second}`), second * 1_000);
  expect(served.size(1_000_000)).toBe(309);
});
