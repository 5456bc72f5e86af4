import { Type, type Static } from "typebox";

const epochMs = Type.Number({ description: "epoch milliseconds" });
const whenKnown = Type.Union([epochMs, Type.Null()]);
const text = Type.String();
const textOrNull = Type.Union([Type.String(), Type.Null()]);
const integerOrNull = Type.Union([Type.Integer(), Type.Null()]);

export const EmergencySchema = Type.Object({
  service: text,
  test: Type.Boolean(),
  number: text,
  policy: textOrNull,
  site: textOrNull,
  callbackNumber: text,
  elin: textOrNull,
  erl: textOrNull,
  location: Type.Object({ kind: text, method: textOrNull }),
  routing: Type.Union([
    Type.String({ description: "direct or screened, as method of the location asks" }),
    Type.Null(),
  ]),
  withoutG711: Type.Boolean(),
  callIdentifier: textOrNull,
  incidentIdentifier: textOrNull,
  transfer: Type.Union([
    Type.Object(
      { atMs: epochMs, callerLeg: text, failed: Type.Boolean() },
      { description: "the call became one by a transfer" },
    ),
    Type.Null(),
  ]),
});

const summary = {
  callId: text,
  sipCallId: Type.String({ description: "Call-ID of the caller's dialog" }),
  phase: Type.String({ description: "new, setup, up, ending or over" }),
  version: Type.Integer({ description: "writes of the record so far" }),
  pool: text,
  ingressTrunk: text,
  egressTrunk: textOrNull,
  route: textOrNull,
  callingNumber: text,
  calledNumber: text,
  emergency: Type.Union([EmergencySchema, Type.Null()]),
  callback: Type.Union([Type.Object({ callId: textOrNull }), Type.Null()]),
  startMs: epochMs,
  ringMs: whenKnown,
  answerMs: whenKnown,
  postDialDelayMs: Type.Union([Type.Number(), Type.Null()]),
  durationMs: Type.Number(),
  sipCode: Type.Integer(),
  q850: integerOrNull,
  failure: textOrNull,
  transferred: Type.Boolean(),
};

export const ConsiderationSchema = Type.Object({
  trunk: text,
  route: textOrNull,
  verdict: Type.Union([Type.Literal("chosen"), Type.Literal("skipped")]),
  reason: text,
});

const AttemptSchema = Type.Object({
  id: text,
  number: Type.Integer(),
  trunk: text,
  route: textOrNull,
  callingNumber: text,
  calledNumber: text,
  startMs: epochMs,
  ringMs: whenKnown,
  answerMs: whenKnown,
  endMs: epochMs,
  sipCode: Type.Integer(),
  q850: integerOrNull,
  outcome: Type.String({ description: "answered, a failure code, or empty while it runs" }),
  descriptionOnly: Type.Optional(
    Type.Literal(true, {
      description: "an emergency call's way that had refused the location: the session description alone",
    }),
  ),
});

export const CallSummarySchema = Type.Object(summary);

export const CallSchema = Type.Object({
  ...summary,
  considered: Type.Array(ConsiderationSchema),
  attempts: Type.Array(AttemptSchema),
  ladder: Type.Array(Type.Object({ atMs: epochMs, from: text, to: text, summary: text })),
});

export type ShownCall = Static<typeof CallSchema>;
