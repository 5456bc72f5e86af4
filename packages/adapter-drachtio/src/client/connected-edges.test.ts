import type { OutgoingRequest } from "@tandem/call-control";
import { buildRequest } from "@tandem/sip";
import { describe, expect, it } from "vitest";
import type { EdgeAccess } from "../edge-access.ts";
import { ConnectedEdges } from "./connected-edges.ts";

function edges(...names: readonly string[]): ConnectedEdges {
  const connected = new ConnectedEdges();
  for (const name of names) add(connected, name);
  return connected;
}

function add(connected: ConnectedEdges, edge: string, pool = "east"): EdgeAccess {
  const link = { edge, pool } as EdgeAccess;
  connected.add(link);
  return link;
}

function request(change: Partial<OutgoingRequest> = {}, method = "INVITE"): OutgoingRequest {
  const message = buildRequest({ method, uri: "sip:a@b", headers: [] });
  return { message, pool: "east", listener: "outside", nextHop: null, preferredEdge: "e1", ...change };
}

const chosen = (connected: ConnectedEdges, asked: OutgoingRequest) => connected.choose(asked)?.edge;

describe("an edge to avoid", () => {
  it("is not chosen, also when it is preferred or in this process; every time, and by every worker, it is the same other one", () => {
    const orders = [
      ["e1", "e2", "e3"],
      ["e3", "e2", "e1"],
    ];
    for (const names of orders) {
      const connected = edges(...names);
      const picks = [1, 2, 3, 4].map(() => chosen(connected, request({ avoidEdge: "e1" })));
      expect(picks).toEqual(["e2", "e2", "e2", "e2"]);
      expect(chosen(connected, request({ avoidEdge: "e3", preferredEdge: "e2" }))).toBe("e1");
    }
  });

  it("is chosen where the pool has no other that stays", () => {
    const connected = edges("e1");
    add(connected, "w1", "west");
    expect(chosen(connected, request({ avoidEdge: "e1" }))).toBe("e1");
    expect(connected.hasOther("east", "e1")).toBe(false);
    const leaving = add(connected, "e2");
    connected.setLeaving(leaving, true);
    expect(connected.hasOther("east", "e1")).toBe(false);
    expect(chosen(connected, request({ avoidEdge: "e1" }))).toBe("e1");
    connected.setLeaving(leaving, false);
    expect(connected.hasOther("east", "e1")).toBe(true);
  });

  it("gets no ACK either; the ACK goes by the edge that has the 2xx", () => {
    const connected = edges("e1", "e2", "e3");
    expect(chosen(connected, request({ avoidEdge: "e1", preferredEdge: "e3" }, "ACK"))).toBe("e3");
    expect(chosen(connected, request({ avoidEdge: "e1" }, "ACK"))).toBe("e2");
  });
});
