import { describe, expect, it } from "vitest";
import { blanks } from "../../src/call/blanks.ts";
import { isSame } from "../../src/call/plain-data.ts";
import { parseCall, serialiseCall, transition } from "../../src/index.ts";
import { ANSWER, CallRig, plan } from "./call-rig.ts";

describe("the record", () => {
  it.each<[string, (rig: CallRig) => void]>([
    ["being set up", () => undefined],
    ["ringing reliably", (rig) => rig.answer(rig.sent("INVITE"), 183, { body: ANSWER })],
    [
      "established",
      (rig) => {
        rig.answer(rig.sent("INVITE"), 200, { body: ANSWER });
        rig.fromCaller("ACK", 100);
      },
    ],
  ])("of a call %s is read back as it was", (_, play) => {
    const rig = new CallRig();
    rig.invite({
      headers: [["Require", "100rel"]],
      attempts: [plan("first", { maxCalls: 0 }), plan("second", { ringTimeoutMs: 7 })],
    });
    play(rig);
    const read = parseCall(serialiseCall(rig.call));
    expect(read).toEqual({ ok: true, value: rig.call });
  });

  it.each(["", "{}", "null", "[1]", '{"v":2,"id":"x"}', '"text"'])("%s is no record", (text) => {
    expect(parseCall(text)).toEqual({ ok: false, error: "not-a-call" });
  });

  it("of an established call is at most 3 kB", () => {
    expect(serialiseCall(new CallRig().establish().call).length).toBeLessThan(3_000);
  });
});

describe("the record's text", () => {
  it("of an established call holds no field that says what it mostly says", () => {
    const { parties, facts, attempts, ...call } = JSON.parse(
      serialiseCall(new CallRig().establish().call),
    ) as StoredRecord;
    const { dialogs: _dialogs, profile: _profile, ...party } = parties[1] ?? {};
    expect(blankIn(call, blanks.call)).toEqual([]);
    expect(blankIn(party, blanks.party)).toEqual([]);
    expect(blankIn(parties[1]?.profile, blanks.profile)).toEqual([]);
    expect(blankIn(parties[1]?.dialogs[0], blanks.dialog)).toEqual([]);
    expect(blankIn(facts, blanks.facts)).toEqual([]);
    expect(blankIn(attempts[0], blanks.attempt)).toEqual([]);
  });

  it("of an earlier release keeps that an emergency call was spared, whatever for; that release's mark is not written again", () => {
    const { call } = new CallRig().establish();
    const stored = JSON.parse(serialiseCall(call)) as { parties: { dialogs: object[] }[] };
    const parties = stored.parties.map((party) => ({
      ...party,
      dialogs: party.dialogs.map((dialog) => ({ ...dialog, spared: true })),
    }));
    const read = parseCall(JSON.stringify({ ...stored, parties }));
    const dialogs = read.ok ? read.value.parties.flatMap((party) => party.dialogs) : [];
    expect(dialogs).toMatchObject([
      { silenceSpared: true, lapseSpared: true },
      { silenceSpared: true, lapseSpared: true },
    ]);
    expect(read.ok && serialiseCall(read.value)).not.toContain('"spared"');
  });

  it("of a newer release may name a failure that is none here: the call ends all the same", () => {
    const rig = new CallRig().establish();
    rig.fromCaller("BYE", 101);
    const facts = { ...rig.call.facts, failure: "known-to-a-newer-release" };
    const read = parseCall(JSON.stringify({ ...(JSON.parse(serialiseCall(rig.call)) as object), facts }));
    if (!read.ok) throw new Error("the record cannot be read");
    const { call, effects } = transition(read.value, { kind: "deadline" }, rig.now + 100_000);
    expect(call.phase).toBe("over");
    expect(effects).toContainEqual(
      expect.objectContaining({
        observation: expect.objectContaining({ kind: "call-ended", outcome: "server-error" }) as unknown,
      }),
    );
  });
});

interface StoredRecord {
  readonly parties: readonly { readonly profile: object; readonly dialogs: readonly object[] }[];
  readonly facts: object;
  readonly attempts: readonly object[];
}

/** Fields written although they hold what the blank holds. */
function blankIn(stored: object | undefined, blank: object): readonly string[] {
  const held = new Map(Object.entries(blank));
  return Object.entries(stored ?? { absent: true })
    .filter(([field, content]) => field === "absent" || isSame(content, held.get(field)))
    .map(([field]) => field);
}
