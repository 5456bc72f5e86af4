import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCall, serialiseCall, type FailureCode } from "../../src/index.ts";
import { ANSWER, CallRig, plan } from "./call-rig.ts";

type Heard = "nothing" | "trying" | "ringing";

/** How one INVITE fails: what is heard of it first, and then a final status, or the end of a timer, or the edge's word that nothing will come. */
interface Fate {
  readonly heard: Heard;
  readonly end: number | "timer" | FailureCode;
}

/** The attempt under way meets its fate; `edge` sent its INVITE, and its pool has another one. */
function meet(rig: CallRig, { heard, end }: Fate, edge?: string): void {
  const invite = rig.sent("INVITE");
  if (heard !== "nothing") rig.answer(invite, heard === "trying" ? 100 : 180);
  const by = edge === undefined ? {} : { edge };
  const { exchange } = invite;
  if (typeof end === "number") rig.answer(invite, end);
  else if (end === "timer") {
    const timer = { nothing: "connect", trying: "progress", ringing: "ring" }[heard];
    rig.event({ kind: "timer", timer: `${timer}:${exchange.split("-")[0]}`, ...by }, 4_000);
  } else {
    const other = edge === undefined ? {} : ({ edge, otherEdge: true } as const);
    rig.event({ kind: "no-response", exchange, failure: end, ...other }, 1_000);
  }
}

/** Trunks called, in order, with the edge that was avoided. */
function called(rig: CallRig): readonly string[] {
  return rig.allSent("INVITE").map(({ nextHop, avoidEdge }) => {
    const trunk = /^sip:([^.]+)\./.exec(nextHop ?? "")?.[1] ?? "";
    return avoidEdge === undefined ? trunk : `${trunk}, not by ${avoidEdge}`;
  });
}

const SILENT: Fate = { heard: "nothing", end: "timer" };

function emergency(ways: readonly string[]): CallRig {
  const rig = new CallRig();
  rig.invite({ emergency: {}, attempts: ways.map((way) => plan(way)) });
  return rig;
}

describe("every way of an emergency call was tried by one edge", () => {
  it("those of which nothing was heard are tried once more by another one, in their order, then the caller gets 503", () => {
    const rig = emergency(["a", "b", "c"]);
    for (const fate of [SILENT, { heard: "nothing", end: 503 } as const, SILENT]) meet(rig, fate, "e1");
    expect(called(rig)).toEqual(["a", "b", "c", "a, not by e1"]);
    meet(rig, SILENT, "e2");
    meet(rig, SILENT, "e2");
    expect(called(rig).slice(3)).toEqual(["a, not by e1", "c, not by e1"]);
    expect(rig.responded().response.status).toBe(503);
  });

  it("and what is answered then is the call: what follows on that leg avoids that edge, too, also from the record", () => {
    const rig = emergency(["a"]);
    meet(rig, SILENT, "e1");
    rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
    rig.fromCaller("ACK", 100);
    const read = parseCall(serialiseCall(rig.call));
    if (!read.ok) throw new Error("the record cannot be read");
    rig.call = read.value;
    rig.fromCaller("BYE", 101);
    for (const method of ["ACK", "BYE"]) expect(rig.sent(method)).toMatchObject({ leg: "b", avoidEdge: "e1" });
  });

  it.each<[string, Fate]>([
    ["a 100", { heard: "trying", end: "timer" }],
    ["a 180", { heard: "ringing", end: "timer" }],
    ["a 180, then nothing more came", { heard: "ringing", end: "transport-failure" }],
    ["486", { heard: "nothing", end: 486 }],
    ["408 of a peer", { heard: "nothing", end: 408 }],
    ["482", { heard: "nothing", end: 482 }],
  ])("a way that said a word is not called twice: %s", (_what, fate) => {
    const rig = emergency(["a"]);
    meet(rig, fate, "e1");
    expect(called(rig)).toEqual(["a"]);
    expect(rig.responded().response.status).toBe(503);
  });

  it.each<FailureCode>(["peer-timeout", "transport-failure", "tls-failure", "resolve-failure"])(
    "%s is silence, too",
    (failure) => {
      const rig = emergency(["a"]);
      meet(rig, { heard: "nothing", end: failure }, "e1");
      expect(called(rig)).toEqual(["a", "a, not by e1"]);
    },
  );

  it.each<FailureCode>(["edge-unavailable", "worker-lost", "called-unavailable", "message-too-large"])(
    "%s is none of a way",
    (failure) => {
      const rig = emergency(["a"]);
      meet(rig, { heard: "nothing", end: failure }, "e1");
      expect(called(rig)).toEqual(["a"]);
    },
  );

  it("nor is silence after a 422, or of an INVITE that went again because its edge was lost", () => {
    const refused = emergency(["a"]);
    refused.answer(refused.sent("INVITE"), 422, { headers: [["Min-SE", "200"]] });
    meet(refused, SILENT, "e1");
    expect(called(refused)).toEqual(["a", "a"]);
    const moved = emergency(["a"]);
    moved.event({ kind: "no-response", exchange: moved.sent("INVITE").exchange, failure: "edge-lost", edge: "e1" });
    meet(moved, SILENT, "e2");
    expect(called(moved)).toEqual(["a", "a"]);
  });

  it("with no other edge nothing is tried again; nor on an ordinary call", () => {
    const alone = emergency(["a", "b"]);
    meet(alone, SILENT);
    meet(alone, SILENT);
    expect(called(alone)).toEqual(["a", "b"]);
    const ordinary = new CallRig();
    ordinary.invite({ attempts: [plan("a")] });
    meet(ordinary, SILENT, "e1");
    expect(called(ordinary)).toEqual(["a"]);
  });

  it("TLS and what is tried in clear are ways of their own: each once more", () => {
    const rig = new CallRig();
    rig.invite({ emergency: {}, attempts: [plan("tls", { inClear: plan("clear") })] });
    meet(rig, { heard: "nothing", end: "tls-failure" }, "e1");
    meet(rig, { heard: "nothing", end: 486 }, "e1");
    meet(rig, { heard: "nothing", end: "tls-failure" }, "e2");
    expect(called(rig)).toEqual(["tls", "clear", "tls, not by e1"]);
    expect(rig.responded().response.status).toBe(503);
  });

  it("for random fates: nobody who said a word is called twice, nobody a third time, and it ends", () => {
    const heard = fc.constantFrom<Heard>("nothing", "nothing", "trying", "ringing");
    const end = fc.constantFrom<Fate["end"]>("timer", "timer", "transport-failure", "peer-timeout", 503, 486, 404);
    const fate = fc.record({ heard, end });
    const edge = fc.option(fc.constant("e1"), { nil: undefined, freq: 5 });
    const way = fc.record({ first: fate, edge, second: fate });
    fc.assert(
      fc.property(fc.array(way, { minLength: 1, maxLength: 12 }), (ways) => {
        const names = ways.map((_way, index) => `w${index}`);
        const rig = emergency(names);
        const startMs = rig.now;
        for (const { first, edge: sentBy } of ways) meet(rig, first, sentBy);
        const silent = names.filter((_name, index) => {
          const { first, edge: sentBy } = ways[index]!;
          return first.heard === "nothing" && typeof first.end !== "number" && sentBy !== undefined;
        });
        const again = silent.slice(0, 8);
        for (const name of again) meet(rig, ways[names.indexOf(name)]!.second, "e2");
        expect(called(rig)).toEqual([...names, ...again.map((name) => `${name}, not by e1`)]);
        expect(rig.allResponded("invite-a").at(-1)).toBe(503);
        expect(rig.now - startMs).toBeLessThanOrEqual(4_000 * (names.length + 8));
      }),
      { numRuns: 60 },
    );
  });
});
