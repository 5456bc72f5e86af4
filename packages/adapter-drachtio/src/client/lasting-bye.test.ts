import type { ClientEvents } from "@tandem/call-control";
import { FakeClock } from "@tandem/call-control/testing";
import { ok } from "@tandem/domain";
import { buildRequest, responseTo } from "@tandem/sip";
import { expect, it } from "vitest";
import { AwaitedEdges } from "./awaited-edges.ts";
import { LastingBye } from "./lasting-bye.ts";

it("a BYE's answer is passed up as it came, with the time at which it came to the edge", async () => {
  const clock = new FakeClock();
  const message = buildRequest({ method: "BYE", uri: "sip:b@y", headers: [["CSeq", "2 BYE"]] });
  const told: Parameters<ClientEvents["onResponse"]>[] = [];
  let over = 0;
  const events: ClientEvents = { onResponse: (...each) => void told.push(each), onFailure: () => undefined };
  const bye = new LastingBye({ message, pool: "east", listener: "udp", nextHop: null, preferredEdge: null }, events, {
    send: () => Promise.resolve(ok({ edge: "east-1", id: "1" })),
    isReached: () => true,
    awaited: new AwaitedEdges(clock, 1_000),
    clock,
    isClosed: () => false,
    onOver: () => void (over += 1),
  });
  await bye.send();
  const answer: Parameters<ClientEvents["onResponse"]> = [
    responseTo(message, 200),
    { address: "192.0.2.1", port: 5060, transport: "udp" },
    clock.now() - 1_500,
  ];
  bye.onResponse(...answer);
  expect([told, over]).toEqual([[answer], 1]);
});
