import { LARGEST_POOL } from "@tandem/call-control";
import { Type } from "typebox";

export const MemberSchema = Type.Object({
  id: Type.String(),
  role: Type.Union([
    Type.Literal("worker"),
    Type.Literal("edge"),
    Type.Literal("controller"),
    Type.Literal("control-api"),
  ]),
  pool: Type.Union([Type.String(), Type.Null()]),
  pid: Type.Integer(),
  host: Type.String(),
  startedMs: Type.Number({ description: "epoch milliseconds" }),
  draining: Type.Boolean(),
  facts: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
});

const ListenerSchema = Type.Object({
  name: Type.String(),
  address: Type.String(),
  port: Type.Integer(),
  transport: Type.String(),
  serves: Type.String(),
});

export const PoolSchema = Type.Object({
  name: Type.String(),
  fqdn: Type.Union([Type.String(), Type.Null()]),
  listeners: Type.Array(ListenerSchema),
  wanted: Type.Object({ edges: Type.Integer(), workers: Type.Integer() }),
  members: Type.Array(MemberSchema),
});

const SizeSchema = Type.Object({ workers: Type.Integer(), edges: Type.Integer() });

export const ScaleSchema = Type.Object({
  pool: Type.String(),
  desired: SizeSchema,
  current: Type.Object(SizeSchema.properties, { description: "processes that are ready now" }),
});

export const WantedSizeSchema = Type.Object(
  {
    workers: Type.Integer({ minimum: 1, maximum: LARGEST_POOL.workers }),
    edges: Type.Optional(Type.Integer({ minimum: 1, maximum: LARGEST_POOL.edges, description: "default: as it is" })),
  },
  { additionalProperties: false },
);

export const DrainSchema = Type.Object({ target: Type.String(), draining: Type.Boolean() });
