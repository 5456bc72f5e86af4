import type { MediaMixer, MixedVoice } from "@tandem/call-control";
import { expect, it } from "vitest";
import { valueOf, type Harness } from "./harness.ts";

export interface MixerHarness extends Harness<MediaMixer> {
  /** Control address of a mixer that answers. */
  readonly mixer: string;
  /** And of one that does not. */
  readonly silent: string;
}

const VOICE: MixedVoice = {
  to: { address: "127.0.0.1", port: 40_000 },
  from: { address: "127.0.0.1", port: 40_000 },
  hears: { 0: "PCMU" },
  says: { 8: "PCMA", 101: "telephone-event" },
};

/** What every MediaMixer promises. */
export function describeMediaMixer(setUp: () => Promise<MixerHarness>): void {
  it("gives each participant a port of its own, and keeps it", async () => {
    await using harness = await setUp();
    const call = { mixer: harness.mixer, callId: "m1" };
    const ports = valueOf(await harness.subject.open(call, ["a", "b1"]));
    const again = valueOf(await harness.another().open(call, ["b1", "desk", "a"]));
    expect([again.get("a"), again.get("b1")]).toEqual([ports.get("a"), ports.get("b1")]);
    expect(new Set([...again.values()].map(({ port }) => port)).size).toBe(3);
    valueOf(await harness.subject.release(call));
  });

  it("mixes those whom it knows, and hears nobody who says nothing", async () => {
    await using harness = await setUp();
    const call = { mixer: harness.mixer, callId: "m2" };
    valueOf(await harness.subject.open(call, ["a", "desk"]));
    valueOf(await harness.another().connect(call, new Map([["a", VOICE]])));
    expect(valueOf(await harness.subject.heard(call))).toEqual([]);
    const failure = { ok: false, error: { code: "relay-unavailable" } };
    expect(await harness.subject.connect(call, new Map([["b1", VOICE]]))).toMatchObject(failure);
    valueOf(await harness.subject.release(call));
  });

  it("knows nothing of a call that is over, or never was; released twice it is over once", async () => {
    await using harness = await setUp();
    const call = { mixer: harness.mixer, callId: "m3" };
    valueOf(await harness.subject.open(call, ["a"]));
    valueOf(await harness.another().release(call));
    valueOf(await harness.subject.release(call));
    const failure = { ok: false, error: { code: "relay-unavailable" } };
    expect(await harness.subject.heard(call)).toMatchObject(failure);
    expect(await harness.subject.connect(call, new Map([["a", VOICE]]))).toMatchObject(failure);
  });

  it("that does not answer is a failure in time", async () => {
    await using harness = await setUp();
    const away = { mixer: harness.silent, callId: "m4" };
    const failure = { ok: false, error: { code: "relay-unavailable" } };
    expect(await harness.subject.open(away, ["a"])).toMatchObject(failure);
    expect(await harness.subject.heard(away)).toMatchObject(failure);
  });
}
