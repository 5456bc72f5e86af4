import { Type } from "typebox";
import { ConsiderationSchema, EmergencySchema } from "../calls/schemas.ts";

const text = Type.String();
const textOrNull = Type.Union([Type.String(), Type.Null()]);
const epochMs = Type.Number({ description: "epoch milliseconds" });
const whenKnown = Type.Union([epochMs, Type.Null()]);
const integerOrNull = Type.Union([Type.Integer(), Type.Null()]);
const numberOrNull = Type.Union([Type.Number(), Type.Null()]);

const DeliverySchema = Type.Object({
  target: text,
  kind: Type.String({ description: "sip, webhook, email, or unknown when the topology does not have the target" }),
  escalatedFrom: Type.Union([Type.String(), Type.Null()], { description: "target nobody acknowledged at" }),
  state: Type.String({ description: "waiting, delivered or failed" }),
  tries: Type.Integer(),
  firstTryMs: whenKnown,
  lastTryMs: whenKnown,
  deliveredMs: whenKnown,
  result: Type.String({ description: "how the last try went" }),
});

const AcknowledgementSchema = Type.Object({ by: text, atMs: epochMs, remark: text });

export const NotificationSchema = Type.Object({
  callId: text,
  atMs: epochMs,
  test: Type.Boolean(),
  number: text,
  service: text,
  pool: text,
  ingressTrunk: text,
  callerUri: text,
  callerName: text,
  callbackNumber: text,
  policy: textOrNull,
  site: textOrNull,
  erl: textOrNull,
  elin: textOrNull,
  location: Type.Object({
    kind: text,
    method: textOrNull,
    civic: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]),
    references: Type.Array(text),
  }),
  deliveries: Type.Array(DeliverySchema),
  acknowledged: Type.Union([AcknowledgementSchema, Type.Null()]),
});

const PlaceSchema = Type.Object({
  source: Type.String({ description: "request, database, secondary, site or erl: who said it" }),
  civic: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()], {
    description: "elements of the civic address (RFC 5139) in lower case; null: none was given",
  }),
  position: Type.Union([Type.String(), Type.Null()], { description: "latitude, longitude and altitude, as written" }),
  references: Type.Array(text, { description: "URIs that tell the location to who may ask" }),
});

const AttemptSchema = Type.Object({
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
  outcome: text,
  descriptionOnly: Type.Optional(
    Type.Literal(true, {
      description: "an emergency call's way that had refused the location: the session description alone",
    }),
  ),
});

const DeskStepSchema = Type.Object({
  outcome: Type.String({
    description: "called, joined, refused, left, no-relay, relay-lost, no-media, no-mixer or mixer-lost",
  }),
  atMs: epochMs,
  sipCode: Type.Union([Type.Integer(), Type.Null()], { description: "what the desk answered, if it is about that" }),
});

export const EmergencyCallSchema = Type.Object({
  callId: text,
  sipCallId: text,
  live: Type.Boolean({ description: "the call is not over; its record is what is known by now" }),
  pool: text,
  ingressTrunk: text,
  egressTrunk: textOrNull,
  callingNumber: text,
  calledNumber: text,
  emergency: Type.Object({
    ...EmergencySchema.properties,
    place: Type.Union([PlaceSchema, Type.Null()], { description: "where from; null: nobody knew" }),
  }),
  outcome: Type.String({ description: "answered, cancelled or failed" }),
  startMs: epochMs,
  ringMs: whenKnown,
  answerMs: whenKnown,
  endMs: epochMs,
  timeToRingingMs: numberOrNull,
  durationMs: Type.Number(),
  sipCode: Type.Integer(),
  failure: textOrNull,
  endedBy: text,
  attempts: Type.Array(AttemptSchema),
  considered: Type.Array(ConsiderationSchema),
  desk: Type.Array(DeskStepSchema, {
    description: "what became of the security desk that was to hear the call, in order; empty: none was to",
  }),
  notifications: Type.Array(DeliverySchema),
  acknowledged: Type.Union([AcknowledgementSchema, Type.Null()]),
});

const WalkSchema = Type.Object({
  lastTryMs: epochMs,
  lastSuccessMs: Type.Number({ description: "epoch milliseconds; 0: never" }),
  outcome: Type.String({ description: "answered, timeout or unreachable" }),
  code: integerOrNull,
  roundTripMs: Type.Number(),
});

export const PathSchema = Type.Object({
  pool: text,
  trunk: text,
  working: Type.Boolean({ description: "the last walk of each kind got to the end" }),
  lastSuccessMs: Type.Number({ description: "epoch milliseconds; 0: never" }),
  options: WalkSchema,
  testCall: Type.Union([WalkSchema, Type.Null()]),
});
