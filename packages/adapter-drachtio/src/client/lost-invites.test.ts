import { NO_WAIT, type IncomingRequest } from "@tandem/call-control";
import { FakeClock, settle } from "@tandem/call-control/testing";
import { ok } from "@tandem/domain";
import { buildRequest, responseTo, type SipMessage } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import type { Adoption, EdgeAccess } from "../edge-access.ts";
import { AwaitedEdges } from "./awaited-edges.ts";
import { ConnectedEdges } from "./connected-edges.ts";
import type { EdgeFate } from "./lost-edge.ts";
import { LostInvites } from "./lost-invites.ts";

/** An edge that takes INVITEs of others, or refuses them. */
class OtherEdge implements EdgeAccess {
  readonly pool = "east";
  readonly pending = { client: 0, server: 0 };
  readonly idle = true;
  readonly wait = NO_WAIT;
  readonly keepsAside = true;
  readonly adopts = true;
  readonly answers: [string, number][] = [];
  asked = 0;
  readonly edge: string;
  readonly #says: "taken" | "known" | "refused";

  constructor(edge: string, says: "taken" | "known" | "refused" = "taken") {
    this.edge = edge;
    this.#says = says;
  }

  adopt(_invite: IncomingRequest, taken: (adoption: Adoption) => void): void {
    this.asked += 1;
    if (this.#says === "taken") taken({ edge: this.edge, id: "adopted" });
    else taken(this.#says === "known" ? "known" : null);
  }

  async respond(id: string, response: SipMessage) {
    this.answers.push([id, response.status]);
    return ok(undefined);
  }

  hold(): void {}

  unhold(): void {}

  acknowledged(): void {}

  handOver(): void {}

  sentBy(): null {
    return null;
  }

  request(): never {
    throw new TypeError("not asked for here");
  }

  async cancel() {
    return ok(undefined);
  }

  route(): void {}
}

class World {
  readonly clock = new FakeClock();
  readonly edges = new ConnectedEdges();
  readonly awaited = new AwaitedEdges(this.clock, 3_000);
  /** What the application was told. */
  readonly told: string[] = [];
  readonly invites: LostInvites;
  readonly invite = { request: request(), answer: null as SipMessage | null };
  /** Something of its call is waited for here. */
  works = true;

  constructor(isStock = false) {
    const { clock, edges, awaited } = this;
    this.invites = new LostInvites({
      app: {
        onRequest: ({ transaction, redelivered, adopted }) =>
          void this.told.push(`invite ${transaction.edge} ${redelivered && adopted === true ? "adopted" : ""}`),
        onCancel: ({ edge, id }) => void this.told.push(`cancel ${edge} ${id}`),
        onAckTimeout: () => undefined,
        onOrphanAnswer: () => undefined,
        worksOn: () => this.works,
      },
      edges,
      awaited,
      clock,
      isStock: () => isStock,
    });
    this.invites.stranded([this.invite]);
  }

  came(edge: OtherEdge): void {
    this.edges.add(edge);
    this.awaited.came(edge.pool);
  }

  over(transport: "udp" | "tcp" | "tls"): this {
    Object.assign(this.invite.request.source, { transport });
    return this;
  }

  async settles(fate: EdgeFate): Promise<void> {
    this.invites.settle("east", [this.invite], fate);
    await settle();
  }

  answer(status: number) {
    return this.invites.answered({ edge: "e1", id: "s1" }, responseTo(this.invite.request.message, status));
  }
}

function request(): IncomingRequest {
  return {
    transaction: { edge: "e1", id: "s1" },
    message: buildRequest({ method: "INVITE", uri: "sip:a@b", headers: [["CSeq", "1 INVITE"]] }),
    source: { address: "198.51.100.7", port: 5060, transport: "udp" },
    pool: "east",
    listener: "outside",
    tlsIdentities: [],
    redelivered: false,
  };
}

describe("an INVITE whose edge was lost", () => {
  test.each([
    ["gone", "udp", ["invite e2 adopted"]],
    ["unreachable", "udp", ["invite e2 adopted"]],
    ["back", "udp", []],
    ["gone", "tcp", ["cancel e1 s1"]],
    ["gone", "tls", ["cancel e1 s1"]],
    ["unreachable", "tcp", []],
    ["back", "tls", []],
  ] as const)("the edge is %s, the INVITE came over %s: the call hears %j", async (fate, transport, told) => {
    const world = new World().over(transport);
    world.came(new OtherEdge("e2"));
    await world.settles(fate);
    await world.clock.advance(20_000);
    expect(world.told).toEqual(told);
  });

  test.each([
    ["unreachable", []],
    ["gone", ["invite e2 adopted"]],
  ] as const)("another worker has its call, and the edge is %s: the call hears %j", async (fate, told) => {
    const world = new World();
    world.works = false;
    world.came(new OtherEdge("e2"));
    await world.settles(fate);
    await world.clock.advance(20_000);
    expect(world.told).toEqual(told);
  });

  test("an edge that refuses it is asked once, then the next", async () => {
    const world = new World();
    const refusing = [new OtherEdge("e2", "refused"), new OtherEdge("e3", "refused")];
    for (const edge of refusing) world.came(edge);
    world.came(new OtherEdge("e4"));
    await world.settles("gone");
    expect(world.told).toEqual(["invite e4 adopted"]);
    expect(refusing.every(({ asked }) => asked <= 1)).toBe(true);
  });

  test("an edge that has it from its sender is left to it: no other is asked, and nothing is cancelled", async () => {
    const world = new World();
    world.came(new OtherEdge("e2", "known"));
    await world.settles("gone");
    const later = new OtherEdge("e3");
    world.came(later);
    await world.clock.advance(20_000);
    expect([world.told, later.asked]).toEqual([[], 0]);
  });

  test("an edge that comes within 8 s takes it", async () => {
    const world = new World();
    await world.settles("gone");
    await world.clock.advance(7_900);
    world.came(new OtherEdge("e2"));
    await settle();
    expect(world.told).toEqual(["invite e2 adopted"]);
  });

  test.each([
    ["gone", ["cancel e1 s1"]],
    ["unreachable", []],
  ] as const)("none takes it, and its edge is %s: %j", async (fate, told) => {
    const world = new World();
    world.came(new OtherEdge("e2", "refused"));
    await world.settles(fate);
    await world.clock.advance(7_999);
    expect(world.told).toEqual([]);
    await world.clock.advance(1);
    expect(world.told).toEqual(told);
  });

  test("of a stock server is cancelled at once, whatever its transport", async () => {
    const world = new World(true);
    await world.settles("gone");
    expect(world.told).toEqual(["cancel e1 s1"]);
  });

  test.each([
    ["back", "e1", "s1"],
    ["gone", "e2", "adopted"],
  ] as const)("answered meanwhile, and the edge is %s: the answer leaves by %s", async (fate, by, id) => {
    const world = new World();
    const edge = new OtherEdge(by);
    const sent = world.answer(200);
    world.came(edge);
    await world.settles(fate);
    expect(await sent).toEqual(ok(undefined));
    expect(edge.answers).toEqual([[id, 200]]);
    expect(world.told).toEqual([]);
    expect(world.answer(200)).toBeNull();
  });

  test("answered meanwhile, and nobody can send it: whoever gave it hears so, and nothing is cancelled", async () => {
    const world = new World();
    const sent = world.answer(200);
    await world.settles("gone");
    await world.clock.advance(8_000);
    expect(await sent).toMatchObject({ ok: false, error: { code: "edge-lost" } });
    expect(world.told).toEqual([]);
  });

  test.each([
    ["its own edge is there again: before others", ["e1", "e2"], "taken", ["invite e1 adopted"]],
    ["its own edge lives and has it: nobody else is asked", ["e1", "e2"], "known", []],
    ["its own edge refuses it: another one is asked", ["e1", "e2"], "refused", ["invite e2 adopted"]],
    ["its own edge is not there: another one is asked", ["e2"], "taken", ["invite e2 adopted"]],
    ["no edge is there: whoever asked asks again", [], "taken", []],
  ] as const)("left by its worker and its edge; %s", async (_what, edges, first, told) => {
    const world = new World();
    for (const edge of edges) world.came(new OtherEdge(edge, edge === edges[0] ? first : "taken"));
    await world.invites.takeUp({ ...request(), redelivered: true, adopted: true });
    expect(world.told).toEqual(told);
  });

  test("nothing more happens after the end of the port", async () => {
    const world = new World();
    const sent = world.answer(486);
    await world.settles("gone");
    world.invites.close();
    world.came(new OtherEdge("e2"));
    await world.clock.advance(20_000);
    expect(await sent).toMatchObject({ ok: false });
    expect(world.told).toEqual([]);
  });
});
