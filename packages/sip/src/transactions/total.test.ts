import { describe, expect, test } from "vitest";
import { stepAnswer } from "./answer.ts";
import { stepCancellation } from "./cancellation.ts";
import { stepInviteClient } from "./invite-client.ts";
import { stepInviteServer } from "./invite-server.ts";
import { stepNonInviteClient } from "./non-invite-client.ts";
import { stepNonInviteServer } from "./non-invite-server.ts";
import type { Step, TimerInput } from "./step.ts";
import { DEFAULT_TIMERS, transactionSettings, type TimerName } from "./timers.ts";

const TIMERS: readonly TimerName[] = [
  ..."ABDEFGHIJKLM".split("").map((letter) => letter as TimerName),
  "TRYING",
  "ABANDON",
  "ANSWER",
  "ACK",
  "CANCEL",
];
const timers: readonly TimerInput[] = TIMERS.map((timer) => ({ type: "timer", timer }));
const STATUSES = [100, 180, 199, 200, 299, 300, 404, 487, 503, 699];
const responses = STATUSES.map((status) => ({ type: "response", status }) as const);
const answers = STATUSES.map((status) => ({ type: "respond", status }) as const);
const error = { type: "transport-error" } as const;
const request = { type: "request" } as const;
const ack = { type: "ack" } as const;

const names = (...list: readonly string[]): readonly { readonly name: string }[] =>
  list.map((name) => ({ name, interval: 500, provisional: false }));

interface Machine {
  readonly states: readonly { readonly name: string }[];
  readonly inputs: readonly unknown[];
  readonly step: (state: never, input: never, settings: never) => Step<{ readonly name: string }, unknown>;
}

const MACHINES: Readonly<Record<string, Machine>> = {
  "INVITE client": {
    states: names("calling", "proceeding", "accepted", "completed", "terminated"),
    inputs: [...responses, ...timers, error],
    step: stepInviteClient,
  },
  "non-INVITE client": {
    states: names("trying", "proceeding", "completed", "terminated"),
    inputs: [...responses, ...timers, error],
    step: stepNonInviteClient,
  },
  "INVITE server": {
    states: [
      ...names("proceeding", "accepted", "completed", "confirmed", "terminated"),
      { name: "proceeding", provisional: true } as { readonly name: string },
    ],
    inputs: [...answers, ...timers, request, ack, error],
    step: stepInviteServer,
  },
  "non-INVITE server": {
    states: names("trying", "proceeding", "completed", "terminated"),
    inputs: [...answers, ...timers, request, error],
    step: stepNonInviteServer,
  },
  "2xx until its ACK": {
    states: names("unacknowledged", "acknowledged", "given-up"),
    inputs: [...timers, ack],
    step: stepAnswer,
  },
  "CANCEL of an INVITE": {
    states: names("early", "ringing", "held", "sent", "over"),
    inputs: [...timers, { type: "cancel" }, { type: "provisional" }, { type: "final" }],
    step: stepCancellation,
  },
};

describe("every machine is total", () => {
  test.each(Object.entries(MACHINES))("%s: each state has an outcome for each input", (_name, machine) => {
    const known = new Set(machine.states.map((state) => state.name));
    for (const reliable of [false, true]) {
      const settings = transactionSettings(DEFAULT_TIMERS, reliable);
      for (const state of machine.states) {
        for (const input of machine.inputs) {
          const step = machine.step(state as never, input as never, settings as never);
          expect(known, `${state.name} with ${JSON.stringify(input)}`).toContain(step.state.name);
          expect(Array.isArray(step.effects)).toBe(true);
        }
      }
    }
  });

  const ends: readonly [string, string][] = [
    ["INVITE client", "terminated"],
    ["non-INVITE client", "terminated"],
    ["INVITE server", "terminated"],
    ["non-INVITE server", "terminated"],
    ["2xx until its ACK", "given-up"],
    ["CANCEL of an INVITE", "over"],
  ];
  test.each(ends)("%s: nothing happens in %s", (name, end) => {
    const machine = MACHINES[name];
    const settings = transactionSettings(DEFAULT_TIMERS, false);
    for (const input of machine?.inputs ?? []) {
      const step = machine?.step({ name: end } as never, input as never, settings as never);
      expect(step).toEqual({ state: { name: end }, effects: [] });
    }
  });
});
