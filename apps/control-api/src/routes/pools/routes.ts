import type { Member } from "@tandem/call-control";
import { Type, type Static } from "typebox";
import { currentTopology } from "../../current-topology.ts";
import { failureStatus, problem, sendFailure, sendProblem } from "../../problem.ts";
import type { TypedApp } from "../../typed-app.ts";
import type { ControlServices } from "../../services.ts";
import { DrainSchema, MemberSchema, PoolSchema } from "./schemas.ts";

/** Pools with their members, and draining of a pool or one worker. */
export function poolRoutes(app: TypedApp, services: ControlServices): void {
  readRoutes(app, services);
  for (const [verb, draining] of [
    ["drain", true],
    ["undrain", false],
  ] as const) {
    drainPool(app, services, { verb, draining });
    drainWorker(app, services, { verb, draining });
  }
}

interface DrainVerb {
  readonly verb: "drain" | "undrain";
  readonly draining: boolean;
}

function readRoutes(app: TypedApp, services: ControlServices): void {
  app.get(
    "/v1/pools",
    {
      schema: {
        tags: ["pools"],
        summary: "Pools with their workers and edges",
        response: { 200: Type.Array(PoolSchema), ...failureStatus },
      },
    },
    async (_request, reply) => {
      const topology = await currentTopology(services);
      if (!topology.ok) return sendFailure(reply, topology.error);
      const members = await services.membership.members();
      if (!members.ok) return sendFailure(reply, members.error);
      return (topology.value?.topology.pools ?? []).map((pool) => ({
        name: pool.name,
        fqdn: pool.fqdn ?? null,
        listeners: pool.listeners.map(({ name, address, port, transport, serves }) => ({
          name,
          address,
          port,
          transport,
          serves,
        })),
        wanted: { edges: pool.edges, workers: pool.workers },
        members: members.value.filter((member) => member.pool === pool.name).map(shownMember),
      }));
    },
  );
  app.get(
    "/v1/members",
    {
      schema: {
        tags: ["pools"],
        summary: "Every process of the cluster that announces itself",
        response: { 200: Type.Array(MemberSchema), ...failureStatus },
      },
    },
    async (_request, reply) => {
      const members = await services.membership.members();
      return members.ok ? members.value.map(shownMember) : sendFailure(reply, members.error);
    },
  );
}

function drainPool(app: TypedApp, services: ControlServices, { verb, draining }: DrainVerb): void {
  app.post(
    `/v1/pools/:name/${verb}`,
    {
      schema: {
        tags: ["pools"],
        summary: draining ? "No new ordinary calls on any worker of the pool" : "The pool takes new calls again",
        params: Type.Object({ name: Type.String() }),
        response: { 200: DrainSchema, 404: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const topology = await currentTopology(services);
      if (!topology.ok) return sendFailure(reply, topology.error);
      const { name } = request.params;
      const known = topology.value?.topology.pools.some((pool) => pool.name === name) ?? false;
      if (!known) return sendProblem(reply, "not-found", `the topology has no pool "${name}"`);
      const done = await services.membership.requestDrain({ kind: "pool", name }, draining);
      if (!done.ok) return sendFailure(reply, done.error);
      request.log.info({ pool: name, draining, caller: request.caller }, "pool drain changed");
      return { target: name, draining };
    },
  );
}

function drainWorker(app: TypedApp, services: ControlServices, { verb, draining }: DrainVerb): void {
  app.post(
    `/v1/workers/:id/${verb}`,
    {
      schema: {
        tags: ["pools"],
        summary: draining ? "No new ordinary calls on this worker" : "The worker takes new calls again",
        params: Type.Object({ id: Type.String() }),
        response: { 200: DrainSchema, 404: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const members = await services.membership.members();
      if (!members.ok) return sendFailure(reply, members.error);
      const { id } = request.params;
      if (!members.value.some((member) => member.id === id && member.role === "worker"))
        return sendProblem(reply, "not-found", `no worker "${id}" is announced`);
      const done = await services.membership.requestDrain({ kind: "worker", id }, draining);
      if (!done.ok) return sendFailure(reply, done.error);
      request.log.info({ worker: id, draining, caller: request.caller }, "worker drain changed");
      return { target: id, draining };
    },
  );
}

function shownMember(member: Member): Static<typeof MemberSchema> {
  return { ...member, facts: { ...member.facts } };
}
