import { Type } from "typebox";
import { ConsiderationSchema } from "../calls/schemas.ts";

export const DryRunRequest = Type.Object(
  {
    requestUri: Type.String({
      minLength: 1,
      maxLength: 500,
      examples: ["sip:912125550100@tandem.example", "urn:service:sos"],
    }),
    callingNumber: Type.String({ maxLength: 100, default: "" }),
    ingressTrunk: Type.Optional(Type.String()),
    source: Type.Optional(
      Type.Object({
        pool: Type.String(),
        listener: Type.String(),
        address: Type.String(),
        port: Type.Integer({ minimum: 0, maximum: 65_535, default: 5060 }),
      }),
    ),
    callerAddress: Type.Optional(
      Type.String({
        maxLength: 100,
        description: "the caller's address, which tells the network site; default: the source's",
      }),
    ),
    locationMethod: Type.Optional(
      Type.String({
        maxLength: 50,
        description: "`method` of the caller's location; empty: he brings none. Left out: the order before it is known",
      }),
    ),
    callId: Type.String({ maxLength: 100, default: "dry-run", description: "seeds the weighted and hashed choice" }),
    priority: Type.Optional(Type.String({ maxLength: 50, description: "the Priority header" })),
    live: Type.Boolean({ default: true, description: "false: as if every trunk were up and idle" }),
  },
  { additionalProperties: false },
);

const EgressSchema = Type.Object({
  kind: Type.String({ description: "profile: pidf-lo, i3, elin or plain" }),
  location: Type.String({ description: "pass or strip" }),
  screening: Type.Boolean({ description: "the screening number is dialled" }),
});

const EmergencySchema = Type.Object({
  service: Type.String(),
  test: Type.Boolean(),
  number: Type.String(),
  policy: Type.Union([Type.String(), Type.Null()]),
  site: Type.Union([Type.String(), Type.Null()]),
  routing: Type.Union([Type.String(), Type.Null()], { description: "direct or screened, by locationMethod" }),
});

const AttemptSchema = Type.Object({
  trunk: Type.String(),
  route: Type.Union([Type.String(), Type.Null()]),
  calledNumber: Type.String(),
  callingNumber: Type.String(),
  suppressCallerId: Type.Boolean(),
  emergency: Type.Union([EgressSchema, Type.Null()]),
});

export const DryRunResult = Type.Object({
  topologyVersion: Type.Integer(),
  ingressTrunk: Type.Union([Type.String(), Type.Null()]),
  kind: Type.Union([Type.Literal("route"), Type.Literal("emergency"), Type.Literal("reject")]),
  normalisedNumber: Type.Union([Type.String(), Type.Null()]),
  emergency: Type.Union([EmergencySchema, Type.Null()]),
  failure: Type.Union([
    Type.Object({ code: Type.String(), sip: Type.Integer(), description: Type.String() }),
    Type.Null(),
  ]),
  attempts: Type.Array(AttemptSchema),
  considered: Type.Array(ConsiderationSchema),
});
