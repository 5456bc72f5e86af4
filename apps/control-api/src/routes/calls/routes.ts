import type { StoredCall } from "@tandem/call-control";
import { detailRecords, parseCall } from "@tandem/domain";
import { Type } from "typebox";
import { failureStatus, problem, sendFailure, sendProblem } from "../../problem.ts";
import type { ControlServices } from "../../services.ts";
import type { TypedApp } from "../../typed-app.ts";
import { CallSchema, CallSummarySchema, type ShownCall } from "./schemas.ts";

/** Live calls: the list, and one call with its ladder and the decision behind it. */
export function callRoutes(app: TypedApp, services: ControlServices): void {
  app.get(
    "/v1/calls",
    {
      schema: {
        tags: ["calls"],
        summary: "Live calls, newest first",
        querystring: Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }) }),
        response: {
          200: Type.Object({ total: Type.Integer(), calls: Type.Array(CallSummarySchema) }),
          ...failureStatus,
        },
      },
    },
    async (request, reply) => {
      const [total, listed] = await Promise.all([services.calls.count(), services.calls.list(request.query.limit)]);
      if (!total.ok) return sendFailure(reply, total.error);
      if (!listed.ok) return sendFailure(reply, listed.error);
      const nowMs = services.clock.now();
      const calls = listed.value.flatMap((stored) => shownCall(stored, nowMs) ?? []);
      return {
        total: total.value,
        calls: calls.map(({ ladder: _ladder, considered: _considered, attempts: _attempts, ...summary }) => summary),
      };
    },
  );
  app.get(
    "/v1/calls/:id",
    {
      schema: {
        tags: ["calls"],
        summary: "One live call with its ladder, its attempts and why each trunk was taken or not",
        params: Type.Object({ id: Type.String({ pattern: "^[a-z2-7]{26}$" }) }),
        response: { 200: CallSchema, 404: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const stored = await services.calls.load(request.params.id);
      if (!stored.ok) return sendFailure(reply, stored.error);
      const shown = stored.value === null ? null : shownCall(stored.value, services.clock.now());
      return (
        shown ?? sendProblem(reply, "not-found", "no live call has this id; ended calls are in the detail records")
      );
    },
  );
}

/** A record as people see it; null for one of a newer version of Tandem. */
function shownCall(stored: StoredCall, nowMs: number): ShownCall | null {
  const parsed = parseCall(stored.document);
  if (!parsed.ok) return null;
  const call = parsed.value;
  const records = detailRecords(call, nowMs);
  const {
    kind: _kind,
    id: _id,
    attempts: _count,
    endMs: _end,
    endedBy: _by,
    considered,
    ladder,
    ...facts
  } = records.call;
  return {
    ...facts,
    phase: call.phase,
    version: stored.version,
    considered: considered.map((one) => ({ ...one })),
    attempts: records.attempts.map(({ kind: _attempt, callId: _call, ...attempt }) => attempt),
    ladder: ladder.map((line) => ({ ...line })),
  };
}
