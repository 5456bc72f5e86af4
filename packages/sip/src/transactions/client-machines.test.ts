import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { MachineRun, wordsOf } from "../../test/transactions/machine-run.ts";
import { startInviteClient, stepInviteClient } from "./invite-client.ts";
import type { InviteClientInput, InviteClientState } from "./invite-client.ts";
import { startNonInviteClient, stepNonInviteClient } from "./non-invite-client.ts";
import type { NonInviteClientInput, NonInviteClientState } from "./non-invite-client.ts";
import type { TimerName } from "./timers.ts";
import { DEFAULT_TIMERS, transactionSettings } from "./timers.ts";

const UDP = transactionSettings(DEFAULT_TIMERS, false);
const TCP = transactionSettings(DEFAULT_TIMERS, true);

const response = (status: number) => ({ type: "response", status }) as const;
const timer = (name: TimerName) => ({ type: "timer", timer: name }) as const;
const transportError = { type: "transport-error" } as const;
const absorbed: readonly string[] = [];

const CALLING = { name: "calling", interval: 500 } as const;
const PROCEEDING = { name: "proceeding" } as const;
const ACCEPTED = { name: "accepted" } as const;
const COMPLETED = { name: "completed" } as const;
const TERMINATED = { name: "terminated" } as const;

describe("INVITE client transaction, RFC 3261 figure 5 with RFC 6026", () => {
  it("sends the INVITE and starts A and B over UDP, only B over TCP", () => {
    expect(startInviteClient(UDP).effects.map(wordsOf)).toEqual(["send-request", "start A 500", "start B 32000"]);
    expect(startInviteClient(TCP).effects.map(wordsOf)).toEqual(["send-request", "start B 32000"]);
  });

  const rows: readonly [string, InviteClientState, InviteClientInput, string, readonly string[]][] = [
    ["A fires: INVITE again, A doubled", CALLING, timer("A"), "calling", ["send-request", "start A 1000"]],
    ["B fires: timeout", CALLING, timer("B"), "terminated", ["stop A", "fail timeout"]],
    ["1xx stops the retransmission", CALLING, response(180), "proceeding", ["stop A", "stop B", "pass-up"]],
    ["2xx in Calling", CALLING, response(200), "accepted", ["stop A", "stop B", "start M 32000", "pass-up"]],
    [
      "486 in Calling is ACKed and lingers for D",
      CALLING,
      response(486),
      "completed",
      ["stop A", "stop B", "send-ack", "start D 32000", "pass-up"],
    ],
    ["transport error in Calling", CALLING, transportError, "terminated", ["stop A", "stop B", "fail transport"]],
    ["a stale D in Calling", CALLING, timer("D"), "calling", absorbed],
    ["another 1xx in Proceeding", PROCEEDING, response(183), "proceeding", ["pass-up"]],
    ["2xx in Proceeding", PROCEEDING, response(200), "accepted", ["start M 32000", "pass-up"]],
    ["603 in Proceeding", PROCEEDING, response(603), "completed", ["send-ack", "start D 32000", "pass-up"]],
    ["a stale A in Proceeding", PROCEEDING, timer("A"), "proceeding", absorbed],
    [
      "a broken connection in Proceeding: the response may come by another",
      PROCEEDING,
      transportError,
      "proceeding",
      absorbed,
    ],
    ["2xx again or of another fork in Accepted", ACCEPTED, response(200), "accepted", ["pass-up"]],
    ["a late 180 in Accepted", ACCEPTED, response(180), "accepted", absorbed],
    ["a 486 of another fork in Accepted", ACCEPTED, response(486), "accepted", absorbed],
    ["M fires", ACCEPTED, timer("M"), "terminated", absorbed],
    ["transport error in Accepted: the ACK is the user's", ACCEPTED, transportError, "accepted", absorbed],
    ["the final response again: ACK again, nothing to the user", COMPLETED, response(486), "completed", ["send-ack"]],
    ["a late 180 in Completed", COMPLETED, response(180), "completed", absorbed],
    ["a 2xx in Completed", COMPLETED, response(200), "completed", absorbed],
    ["D fires", COMPLETED, timer("D"), "terminated", absorbed],
    ["the ACK cannot be sent", COMPLETED, transportError, "terminated", ["stop D", "fail transport"]],
    ["a response after the end", TERMINATED, response(200), "terminated", absorbed],
    ["a timer after the end", TERMINATED, timer("M"), "terminated", absorbed],
    ["a transport error after the end", TERMINATED, transportError, "terminated", absorbed],
  ];
  test.each(rows)("%s", (_fact, state, input, next, effects) => {
    const step = stepInviteClient(state, input, UDP);
    expect(step.state.name).toBe(next);
    expect(step.effects.map(wordsOf)).toEqual(effects);
  });

  it("ends at once after a non-2xx over TCP, because D is zero", () => {
    const step = stepInviteClient(PROCEEDING, response(503), TCP);
    expect(step.state.name).toBe("terminated");
    expect(step.effects.map(wordsOf)).toEqual(["send-ack", "pass-up"]);
  });

  it("sends the INVITE seven times in 64*T1: at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s", () => {
    const run = new MachineRun(startInviteClient(UDP), (state, input: InviteClientInput) =>
      stepInviteClient(state, input, UDP),
    );
    const times = [0];
    while (run.fireNext()) if (!run.seen.includes("fail timeout")) times.push(run.now);
    expect(times).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    expect(run.now).toBe(32_000);
  });

  it("keeps D at 32 s at least when T1 is short", () => {
    const quick = transactionSettings({ ...DEFAULT_TIMERS, t1: 10 }, false);
    expect(stepInviteClient(PROCEEDING, response(404), quick).effects.map(wordsOf)).toContain("start D 32000");
  });
});

describe("non-INVITE client transaction, RFC 3261 figure 6", () => {
  const TRYING = { name: "trying", interval: 500 } as const;
  it("sends the request and starts E and F over UDP, only F over TCP", () => {
    expect(startNonInviteClient(UDP).effects.map(wordsOf)).toEqual(["send-request", "start E 500", "start F 32000"]);
    expect(startNonInviteClient(TCP).effects.map(wordsOf)).toEqual(["send-request", "start F 32000"]);
  });

  const rows: readonly [string, NonInviteClientState, NonInviteClientInput, string, readonly string[]][] = [
    ["E fires: request again, E doubled", TRYING, timer("E"), "trying", ["send-request", "start E 1000"]],
    [
      "E fires late: T2 is the bound",
      { name: "trying", interval: 4_000 },
      timer("E"),
      "trying",
      ["send-request", "start E 4000"],
    ],
    ["F fires in Trying", TRYING, timer("F"), "terminated", ["stop E", "fail timeout"]],
    ["1xx: E goes on", TRYING, response(100), "proceeding", ["pass-up"]],
    ["final response in Trying", TRYING, response(200), "completed", ["stop E", "stop F", "start K 5000", "pass-up"]],
    ["transport error in Trying", TRYING, transportError, "terminated", ["stop E", "stop F", "fail transport"]],
    ["a stale K in Trying", TRYING, timer("K"), "trying", absorbed],
    ["E fires in Proceeding: T2", PROCEEDING, timer("E"), "proceeding", ["send-request", "start E 4000"]],
    ["F fires in Proceeding", PROCEEDING, timer("F"), "terminated", ["stop E", "fail timeout"]],
    ["another 1xx", PROCEEDING, response(183), "proceeding", ["pass-up"]],
    [
      "final response in Proceeding",
      PROCEEDING,
      response(404),
      "completed",
      ["stop E", "stop F", "start K 5000", "pass-up"],
    ],
    ["transport error in Proceeding", PROCEEDING, transportError, "terminated", ["stop E", "stop F", "fail transport"]],
    ["a stale K in Proceeding", PROCEEDING, timer("K"), "proceeding", absorbed],
    ["the final response again", COMPLETED, response(200), "completed", absorbed],
    ["a stale E in Completed", COMPLETED, timer("E"), "completed", absorbed],
    ["transport error in Completed", COMPLETED, transportError, "completed", absorbed],
    ["K fires", COMPLETED, timer("K"), "terminated", absorbed],
    ["a response after the end", TERMINATED, response(200), "terminated", absorbed],
    ["a timer after the end", TERMINATED, timer("K"), "terminated", absorbed],
    ["a transport error after the end", TERMINATED, transportError, "terminated", absorbed],
  ];
  test.each(rows)("%s", (_fact, state, input, next, effects) => {
    const step = stepNonInviteClient(state, input, UDP);
    expect(step.state.name).toBe(next);
    expect(step.effects.map(wordsOf)).toEqual(effects);
  });

  it("ends at once after a final response over TCP, because K is zero", () => {
    const step = stepNonInviteClient(TRYING, response(200), TCP);
    expect(step.state.name).toBe("terminated");
    expect(step.effects.map(wordsOf)).toEqual(["stop F", "pass-up"]);
  });

  it("sends the request at 0, 0.5, 1.5, 3.5, 7.5, 11.5 … 31.5 s", () => {
    const run = new MachineRun(startNonInviteClient(UDP), (state, input: NonInviteClientInput) =>
      stepNonInviteClient(state, input, UDP),
    );
    run.runOut();
    expect(run.count("send-request")).toBe(11);
    expect(run.now).toBe(32_000);
  });
});

/** What may happen to a client: `fire` lets the next timer run out. */
const happening = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 100, max: 699 }).map((status) => response(status)) },
  { weight: 3, arbitrary: fc.constant("fire" as const) },
  { weight: 1, arbitrary: fc.constant(transportError) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<TimerName>("A", "B", "D", "E", "F", "K", "M", "G").map((name) => timer(name)),
  },
);

describe("every client transaction, whatever happens", () => {
  const makers = {
    INVITE: (reliable: boolean) => {
      const settings = reliable ? TCP : UDP;
      return new MachineRun(startInviteClient(settings), (state, input: InviteClientInput) =>
        stepInviteClient(state, input, settings),
      );
    },
    "non-INVITE": (reliable: boolean) => {
      const settings = reliable ? TCP : UDP;
      return new MachineRun(startNonInviteClient(settings), (state, input: NonInviteClientInput) =>
        stepNonInviteClient(state, input, settings),
      );
    },
  };

  test.each(Object.entries(makers))("%s: one outcome, then an end that leaves no timer behind", (kind, make) => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(happening, { maxLength: 30 }), (reliable, inputs) => {
        const run = make(reliable);
        let outcome: "none" | "2xx" | "other" | "failed" = "none";
        const give = (input: InviteClientInput): void => {
          const before = outcome;
          const effects = run.give(input);
          for (const effect of effects) {
            if (effect.startsWith("fail") && before === "none") outcome = "failed";
            // A failed ACK is all that may be reported after an outcome.
            else if (effect.startsWith("fail")) expect([before, input.type]).toEqual(["other", "transport-error"]);
            if (effect !== "pass-up" || input.type !== "response" || input.status < 200) continue;
            const repeatable = kind === "INVITE" && before === "2xx" && input.status < 300;
            expect(before === "none" || repeatable).toBe(true);
            outcome = input.status < 300 ? "2xx" : "other";
          }
        };
        for (const input of inputs) {
          if (input === "fire") run.fireNext();
          else give(input);
          if (run.seen.includes("fail timeout")) outcome = "failed";
          // Whoever waits without a timer waits for its peer.
          if (run.timers.size === 0) expect(["proceeding", "terminated"]).toContain(run.state.name);
        }
        if (run.state.name === "proceeding") give(response(487));
        run.runOut();
        expect(run.state.name).toBe("terminated");
        expect(run.timers.size).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });
});
