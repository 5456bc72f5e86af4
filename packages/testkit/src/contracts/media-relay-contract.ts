import type { MediaRelay, RelayedWay } from "@tandem/call-control";
import { expect, it } from "vitest";
import { valueOf, type Harness } from "./harness.ts";

export interface RelayHarness extends Harness<MediaRelay> {
  /** Control address of a relay that answers. */
  readonly relay: string;
  /** And of one that does not. */
  readonly silent: string;
}

/** What every MediaRelay promises. */
export function describeMediaRelay(setUp: () => Promise<RelayHarness>): void {
  it("says whether it answers", async () => {
    await using harness = await setUp();
    expect(await harness.subject.answers(harness.relay, 1_000)).toBe(true);
    expect(await harness.subject.answers(harness.silent, 50)).toBe(false);
  });

  it("puts itself between two that talk, and changes nothing but where they are", async () => {
    await using harness = await setUp();
    const { offered, answered } = await talking(harness, "c2");
    expect(portOf(offered)).not.toBe(40_000);
    expect(portOf(answered)).not.toBe(40_002);
    expect(offered).toContain("o=- 7 1 IN IP4 192.0.2.10");
    expect(offered).toContain("a=rtpmap:0 PCMU/8000");
  });

  it("is one for all processes, and serves a further attempt with the same caller", async () => {
    await using harness = await setUp();
    const { offered } = await talking(harness, "c3");
    const other = harness.another();
    const b2 = valueOf(await other.offer(way(harness, "c3", "a", "b2"), description(40_000)));
    expect([40_000, portOf(offered)]).not.toContain(portOf(b2));
    expect(valueOf(await other.answer(way(harness, "c3", "b2", "a"), description(40_004)))).toContain("m=audio");
    expect(valueOf(await other.has({ relay: harness.relay, callId: "c3" }))).toBe(true);
  });

  it("offers copies of what each of the two says, and takes them back while the two talk on", async () => {
    await using harness = await setUp();
    await talking(harness, "c4");
    for (const from of ["a", "b1"]) {
      const copy = way(harness, "c4", from, `desk-${from}`);
      const offer = valueOf(await harness.subject.copy(copy));
      expect(offer).toContain("a=sendonly");
      expect(offer.match(/^m=/gm)).toHaveLength(1);
      valueOf(await harness.another().acceptCopy(copy, description(40_010, "recvonly")));
      expect(valueOf(await harness.subject.copy(copy))).toContain("a=sendonly");
      valueOf(await harness.subject.acceptCopy(copy, description(40_012, "recvonly")));
      valueOf(await harness.subject.endCopy(copy));
    }
    expect(valueOf(await harness.subject.has({ relay: harness.relay, callId: "c4" }))).toBe(true);
  });

  it("leads one of the two to a speaker in the other's stead, by the same ports, and back", async () => {
    await using harness = await setUp();
    const { subject, relay } = harness;
    const { offered, answered } = await talking(harness, "c7");
    for (const [to, at] of [
      ["a", 40_000],
      ["b1", 40_002],
    ] as const) {
      const speaker = way(harness, "c7", `say-${to}`, to);
      expect(portOf(valueOf(await subject.speak(speaker, description(40_020, "sendonly"))))).not.toBe(40_020);
      valueOf(await harness.another().hearInstead(speaker, description(at)));
    }
    const led = valueOf(await subject.state({ relay, callId: "c7" }));
    expect([led?.get("a")?.hears, led?.get("b1")?.hears]).toEqual([["say-a"], ["say-b1"]]);
    for (const to of ["a", "b1"]) valueOf(await subject.endCopy(way(harness, "c7", "", to)));
    const again = valueOf(await subject.offer(way(harness, "c7", "a", "b1"), description(40_000)));
    const back = valueOf(await subject.answer(way(harness, "c7", "b1", "a"), description(40_002)));
    expect([portOf(again), portOf(back)]).toEqual([portOf(offered), portOf(answered)]);
    const direct = valueOf(await subject.state({ relay, callId: "c7" }));
    expect([...(direct?.get("a")?.hears ?? []), ...(direct?.get("b1")?.hears ?? [])].join()).not.toContain("say");
    expect(valueOf(await subject.state({ relay, callId: "never" }))).toBeNull();
  });

  it("knows nothing of a call that is over, or never was", async () => {
    await using harness = await setUp();
    await talking(harness, "c5");
    valueOf(await harness.another().release({ relay: harness.relay, callId: "c5" }));
    expect(valueOf(await harness.subject.has({ relay: harness.relay, callId: "c5" }))).toBe(false);
    for (const asked of [
      await harness.subject.answer(way(harness, "c5", "b1", "a"), description(40_002)),
      await harness.subject.copy(way(harness, "c5", "a", "desk-a")),
    ]) {
      expect(asked).toMatchObject({ ok: false, error: { code: "relay-unavailable" } });
    }
  });

  it("that does not answer is a failure in time", async () => {
    await using harness = await setUp();
    const away = { ...way(harness, "c6", "a", "b1"), relay: harness.silent };
    const failure = { ok: false, error: { code: "relay-unavailable" } };
    expect(await harness.subject.offer(away, description(40_000))).toMatchObject(failure);
    expect(await harness.subject.has(away)).toMatchObject(failure);
  });
}

function way({ relay }: RelayHarness, callId: string, ...[from, to]: readonly [string, string]): RelayedWay {
  return { relay, callId, from, to };
}

/** Two who talk by the relay: `a` called `b1`. */
async function talking(
  harness: RelayHarness,
  callId: string,
): Promise<{ readonly offered: string; readonly answered: string }> {
  const offered = valueOf(await harness.subject.offer(way(harness, callId, "a", "b1"), description(40_000)));
  const answered = valueOf(await harness.another().answer(way(harness, callId, "b1", "a"), description(40_002)));
  return { offered, answered };
}

function description(port: number, direction = "sendrecv"): string {
  const session = ["v=0", "o=- 7 1 IN IP4 192.0.2.10", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"];
  const media = [`m=audio ${port} RTP/AVP 0`, "a=rtpmap:0 PCMU/8000", `a=${direction}`, ""];
  return [...session, ...media].join("\r\n");
}

function portOf(sdp: string): number {
  return Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 0);
}
