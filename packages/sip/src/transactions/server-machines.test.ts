import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { MachineRun, wordsOf } from "../../test/transactions/machine-run.ts";
import { startAnswer, stepAnswer } from "./answer.ts";
import type { AnswerInput, AnswerState } from "./answer.ts";
import { NOT_CANCELLED, stepCancellation } from "./cancellation.ts";
import type { CancellationInput, CancellationState } from "./cancellation.ts";
import { startInviteServer, stepInviteServer } from "./invite-server.ts";
import type { InviteServerInput, InviteServerState } from "./invite-server.ts";
import { startNonInviteServer, stepNonInviteServer } from "./non-invite-server.ts";
import type { NonInviteServerInput, NonInviteServerState } from "./non-invite-server.ts";
import type { TimerName } from "./timers.ts";
import { DEFAULT_TIMERS, transactionSettings } from "./timers.ts";

const UDP = transactionSettings(DEFAULT_TIMERS, false);
const TCP = transactionSettings(DEFAULT_TIMERS, true);

const request = { type: "request" } as const;
const ack = { type: "ack" } as const;
const respond = (status: number) => ({ type: "respond", status }) as const;
const timer = (name: TimerName) => ({ type: "timer", timer: name }) as const;
const transportError = { type: "transport-error" } as const;
const absorbed: readonly string[] = [];

describe("INVITE server transaction, RFC 3261 figure 7 with RFC 6026", () => {
  const SILENT = { name: "proceeding", provisional: false } as const;
  const RINGING = { name: "proceeding", provisional: true } as const;
  const ACCEPTED = { name: "accepted" } as const;
  const COMPLETED = { name: "completed", interval: 500 } as const;
  const CONFIRMED = { name: "confirmed" } as const;
  const TERMINATED = { name: "terminated" } as const;

  it("sends 100 at once by default, or only when the user was silent for so long", () => {
    expect(startInviteServer(UDP).effects.map(wordsOf)).toEqual(["send-trying", "pass-up"]);
    const patient = { ...UDP, tryingAfterMs: 200 };
    expect(startInviteServer(patient).effects.map(wordsOf)).toEqual(["start TRYING 200", "pass-up"]);
  });

  const rows: readonly [string, InviteServerState, InviteServerInput, string, readonly string[]][] = [
    ["the INVITE again before any response", SILENT, request, "proceeding", absorbed],
    ["200 ms of silence: 100 Trying", SILENT, timer("TRYING"), "proceeding", ["send-trying"]],
    ["180 in time: no 100", SILENT, respond(180), "proceeding", ["stop TRYING", "send-response"]],
    ["200 in time: no 100", SILENT, respond(200), "accepted", ["stop TRYING", "send-response", "start L 32000"]],
    ["an ACK before a final response", SILENT, ack, "proceeding", absorbed],
    ["the INVITE again: last provisional again", RINGING, request, "proceeding", ["send-response"]],
    ["a stale TRYING", RINGING, timer("TRYING"), "proceeding", absorbed],
    ["another provisional", RINGING, respond(183), "proceeding", ["send-response"]],
    ["2xx: Accepted for L", RINGING, respond(200), "accepted", ["send-response", "start L 32000"]],
    [
      "486 over UDP: repeated by G, given up by H",
      RINGING,
      respond(486),
      "completed",
      ["send-response", "start G 500", "start H 32000"],
    ],
    ["the provisional cannot be sent", RINGING, transportError, "terminated", ["stop TRYING", "fail transport"]],
    ["the INVITE again in Accepted", ACCEPTED, request, "accepted", absorbed],
    ["ACK to the 2xx", ACCEPTED, ack, "accepted", ["pass-ack"]],
    ["a further 2xx", ACCEPTED, respond(200), "accepted", ["send-response"]],
    ["a non-2xx after a 2xx", ACCEPTED, respond(486), "accepted", absorbed],
    ["a provisional after a 2xx", ACCEPTED, respond(180), "accepted", absorbed],
    ["the 2xx cannot be sent", ACCEPTED, transportError, "accepted", ["fail transport"]],
    ["L fires", ACCEPTED, timer("L"), "terminated", absorbed],
    ["a stale H in Accepted", ACCEPTED, timer("H"), "accepted", absorbed],
    ["the INVITE again: final response again", COMPLETED, request, "completed", ["send-response"]],
    ["G fires: doubled", COMPLETED, timer("G"), "completed", ["send-response", "start G 1000"]],
    [
      "G fires late: T2 is the bound",
      { name: "completed", interval: 4_000 },
      timer("G"),
      "completed",
      ["send-response", "start G 4000"],
    ],
    ["H fires: no ACK", COMPLETED, timer("H"), "terminated", ["stop G", "fail timeout"]],
    ["ACK: Confirmed for I", COMPLETED, ack, "confirmed", ["stop G", "stop H", "start I 5000"]],
    [
      "the final response cannot be sent",
      COMPLETED,
      transportError,
      "terminated",
      ["stop G", "stop H", "fail transport"],
    ],
    ["a second final response", COMPLETED, respond(200), "completed", absorbed],
    ["the ACK again", CONFIRMED, ack, "confirmed", absorbed],
    ["the INVITE again after its ACK", CONFIRMED, request, "confirmed", absorbed],
    ["I fires", CONFIRMED, timer("I"), "terminated", absorbed],
    ["a transport error in Confirmed", CONFIRMED, transportError, "confirmed", absorbed],
    ["a response in Confirmed", CONFIRMED, respond(200), "confirmed", absorbed],
    ["the INVITE after the end", TERMINATED, request, "terminated", absorbed],
    ["a response after the end", TERMINATED, respond(200), "terminated", absorbed],
    ["an ACK after the end", TERMINATED, ack, "terminated", absorbed],
    ["a timer after the end", TERMINATED, timer("L"), "terminated", absorbed],
  ];
  test.each(rows)("%s", (_fact, state, input, next, effects) => {
    const step = stepInviteServer(state, input, UDP);
    expect(step.state.name).toBe(next);
    expect(step.effects.map(wordsOf)).toEqual(effects);
  });

  it("repeats nothing over TCP and ends with the ACK", () => {
    const final = stepInviteServer(RINGING, respond(486), TCP);
    expect(final.effects.map(wordsOf)).toEqual(["send-response", "start H 32000"]);
    const end = stepInviteServer(final.state, ack, TCP);
    expect([end.state.name, ...end.effects.map(wordsOf)]).toEqual(["terminated", "stop H"]);
  });

  it("sends a 486 at 0, 0.5, 1.5, 3.5, 7.5, 11.5 … 31.5 s without an ACK", () => {
    const run = new MachineRun(startInviteServer(UDP), (state, input: InviteServerInput) =>
      stepInviteServer(state, input, UDP),
    );
    run.give(respond(486));
    run.runOut();
    expect(run.count("send-response")).toBe(11);
    expect(run.now).toBe(32_000);
  });
});

describe("non-INVITE server transaction, RFC 3261 figure 8", () => {
  const TRYING = { name: "trying" } as const;
  const PROCEEDING = { name: "proceeding" } as const;
  const COMPLETED = { name: "completed" } as const;
  const TERMINATED = { name: "terminated" } as const;

  it("sends nothing by itself", () => {
    expect(startNonInviteServer(UDP).effects.map(wordsOf)).toEqual(["start ABANDON 32000", "pass-up"]);
  });

  const rows: readonly [string, NonInviteServerState, NonInviteServerInput, string, readonly string[]][] = [
    ["the request again before any response", TRYING, request, "trying", absorbed],
    ["a provisional", TRYING, respond(100), "proceeding", ["send-response"]],
    ["a final response: J", TRYING, respond(200), "completed", ["stop ABANDON", "send-response", "start J 32000"]],
    ["no answer while anybody waits", TRYING, timer("ABANDON"), "terminated", ["fail abandoned"]],
    ["a transport error before any response", TRYING, transportError, "trying", absorbed],
    ["the request again: provisional again", PROCEEDING, request, "proceeding", ["send-response"]],
    ["another provisional", PROCEEDING, respond(183), "proceeding", ["send-response"]],
    ["a final response", PROCEEDING, respond(404), "completed", ["stop ABANDON", "send-response", "start J 32000"]],
    ["no final response in time", PROCEEDING, timer("ABANDON"), "terminated", ["fail abandoned"]],
    ["the provisional cannot be sent", PROCEEDING, transportError, "terminated", ["stop ABANDON", "fail transport"]],
    ["the request again: final response again", COMPLETED, request, "completed", ["send-response"]],
    ["a second final response", COMPLETED, respond(500), "completed", absorbed],
    ["the final response cannot be sent", COMPLETED, transportError, "terminated", ["stop J", "fail transport"]],
    ["J fires", COMPLETED, timer("J"), "terminated", absorbed],
    ["the request after the end", TERMINATED, request, "terminated", absorbed],
    ["a response after the end", TERMINATED, respond(200), "terminated", absorbed],
    ["a timer after the end", TERMINATED, timer("J"), "terminated", absorbed],
  ];
  test.each(rows)("%s", (_fact, state, input, next, effects) => {
    const step = stepNonInviteServer(state, input, UDP);
    expect(step.state.name).toBe(next);
    expect(step.effects.map(wordsOf)).toEqual(effects);
  });

  it("ends with the final response over TCP, because J is zero", () => {
    const step = stepNonInviteServer(TRYING, respond(200), TCP);
    expect([step.state.name, ...step.effects.map(wordsOf)]).toEqual(["terminated", "stop ABANDON", "send-response"]);
  });
});

describe("a 2xx until its ACK, RFC 3261 §13.3.1.4", () => {
  const WAITING = { name: "unacknowledged", interval: 500 } as const;
  const rows: readonly [string, AnswerState, AnswerInput, string, readonly string[]][] = [
    ["first repetition: doubled", WAITING, timer("ANSWER"), "unacknowledged", ["send-answer", "start ANSWER 1000"]],
    [
      "T2 is the bound",
      { name: "unacknowledged", interval: 4_000 },
      timer("ANSWER"),
      "unacknowledged",
      ["send-answer", "start ANSWER 4000"],
    ],
    ["the ACK", WAITING, ack, "acknowledged", ["stop ANSWER", "stop ACK", "pass-ack"]],
    ["no ACK in 64*T1", WAITING, timer("ACK"), "given-up", ["stop ANSWER", "ack-timeout"]],
    ["a foreign timer", WAITING, timer("L"), "unacknowledged", absorbed],
    ["the ACK again", { name: "acknowledged" }, ack, "acknowledged", absorbed],
    ["a stale timer after the ACK", { name: "acknowledged" }, timer("ACK"), "acknowledged", absorbed],
    ["an ACK too late", { name: "given-up" }, ack, "given-up", absorbed],
  ];
  test.each(rows)("%s", (_fact, state, input, next, effects) => {
    const step = stepAnswer(state, input, DEFAULT_TIMERS);
    expect(step.state.name).toBe(next);
    expect(step.effects.map(wordsOf)).toEqual(effects);
  });

  it("repeats at 0.5, 1.5, 3.5, 7.5, 11.5 … 31.5 s and gives up at 32 s", () => {
    const run = new MachineRun(startAnswer(DEFAULT_TIMERS), (state, input: AnswerInput) =>
      stepAnswer(state, input, DEFAULT_TIMERS),
    );
    const times: number[] = [];
    while (run.fireNext()) if (!run.seen.includes("ack-timeout")) times.push(run.now);
    expect(times).toEqual([500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(run.now).toBe(32_000);
  });
});

describe("cancelling an INVITE, RFC 3261 §9.1", () => {
  const cancel = { type: "cancel" } as const;
  const provisional = { type: "provisional" } as const;
  const final = { type: "final" } as const;
  const [EARLY, RINGING, HELD, SENT, OVER] = (["early", "ringing", "held", "sent", "over"] as const).map((name) => ({
    name,
  })) as [CancellationState, CancellationState, CancellationState, CancellationState, CancellationState];
  const sent = ["send-cancel", "start CANCEL 32000"];
  const rows: readonly [string, CancellationState, CancellationInput, string, readonly string[]][] = [
    ["cancelled before any response: held", EARLY, cancel, "held", absorbed],
    ["a provisional", EARLY, provisional, "ringing", absorbed],
    ["a final response first", EARLY, final, "over", absorbed],
    ["cancelled while ringing", RINGING, cancel, "sent", sent],
    ["another provisional", RINGING, provisional, "ringing", absorbed],
    ["the held CANCEL goes with the first provisional", HELD, provisional, "sent", sent],
    ["cancelled twice", HELD, cancel, "held", absorbed],
    ["a final response before any provisional", HELD, final, "over", absorbed],
    ["487 or a crossing 2xx", SENT, final, "over", ["stop CANCEL"]],
    ["cancelled again", SENT, cancel, "sent", absorbed],
    ["a provisional that crossed", SENT, provisional, "sent", absorbed],
    ["no final response in 64*T1", SENT, timer("CANCEL"), "over", ["give-up"]],
    ["a stale timer", RINGING, timer("CANCEL"), "ringing", absorbed],
    ["cancelled too late", OVER, cancel, "over", absorbed],
    ["a provisional after the end", OVER, provisional, "over", absorbed],
  ];
  test.each(rows)("%s", (_fact, state, input, next, effects) => {
    const step = stepCancellation(state, input, DEFAULT_TIMERS);
    expect(step.state.name).toBe(next);
    expect(step.effects.map(wordsOf)).toEqual(effects);
  });

  it("starts early", () => {
    expect(NOT_CANCELLED.name).toBe("early");
  });
});

const happening = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 101, max: 699 }).map((status) => respond(status)) },
  { weight: 2, arbitrary: fc.constantFrom(request, ack) },
  { weight: 3, arbitrary: fc.constant("fire" as const) },
  { weight: 1, arbitrary: fc.constant(transportError) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<TimerName>("G", "H", "I", "J", "L", "A", "TRYING").map((name) => timer(name)),
  },
);

describe("every server transaction, whatever happens", () => {
  const makers = {
    INVITE: (reliable: boolean, tryingAfterMs: number) => {
      const settings = { ...(reliable ? TCP : UDP), tryingAfterMs };
      return new MachineRun(startInviteServer(settings), (state, input: InviteServerInput) =>
        stepInviteServer(state, input, settings),
      );
    },
    "non-INVITE": (reliable: boolean) => {
      const settings = reliable ? TCP : UDP;
      return new MachineRun(startNonInviteServer(settings), (state, input: NonInviteServerInput) =>
        stepNonInviteServer(state, input, settings),
      );
    },
  };

  test.each(Object.entries(makers))(
    "%s: the request goes up once, one final response, an end without timers",
    (kind, make) => {
      fc.assert(
        fc.property(
          fc.boolean(),
          fc.constantFrom(0, 200),
          fc.array(happening, { maxLength: 30 }),
          (reliable, tryingAfterMs, inputs) => {
            const run = make(reliable, tryingAfterMs);
            let final: number | undefined = undefined;
            const give = (input: InviteServerInput): void => {
              if (input.type === "ack" && kind !== "INVITE") return;
              const effects = run.give(input as never);
              if (input.type !== "respond" || !effects.includes("send-response")) return;
              // After a final response only another 2xx may follow a 2xx.
              if (final !== undefined)
                expect([Math.floor(final / 100), Math.floor(input.status / 100)]).toEqual([2, 2]);
              if (input.status >= 200) final = input.status;
            };
            for (const input of inputs) {
              if (input === "fire") run.fireNext();
              else give(input);
              if (run.timers.size === 0) expect(["proceeding", "terminated"]).toContain(run.state.name);
            }
            give(respond(500));
            run.runOut();
            expect(run.state.name).toBe("terminated");
            expect(run.timers.size).toBe(0);
            expect(run.count("pass-up")).toBe(1);
          },
        ),
        { numRuns: 2_000 },
      );
    },
  );
});
