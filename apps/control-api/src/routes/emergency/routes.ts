import type { EmergencyPath, Notification } from "@tandem/call-control";
import {
  blankPreparation,
  emergencyFacts,
  emergencyRecord,
  parseCall,
  type EmergencyDetailRecord,
  type EmergencyPlace,
} from "@tandem/domain";
import { Type } from "typebox";
import { failureStatus, problem, sendFailure, sendProblem } from "../../problem.ts";
import type { ControlServices } from "../../services.ts";
import type { TypedApp } from "../../typed-app.ts";
import { EmergencyCallSchema, NotificationSchema, PathSchema } from "./schemas.ts";

const limit = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }) });
const callId = Type.Object({ id: Type.String({ pattern: "^[a-z2-7]{26}$" }) });

/** Emergency calls with their records, whom they were told to, and whether the ways to the PSAP work. Holds personal data. */
export function emergencyRoutes(app: TypedApp, services: ControlServices): void {
  callRoutes(app, services);
  notificationRoutes(app, services);
  acknowledgeRoute(app, services);
  pathRoute(app, services);
}

function callRoutes(app: TypedApp, services: ControlServices): void {
  app.get(
    "/v1/emergency/calls",
    {
      schema: {
        tags: ["emergency"],
        summary: "Emergency calls, newest first: those that are over, as long as their records are kept",
        querystring: limit,
        response: { 200: Type.Array(EmergencyCallSchema), ...failureStatus },
      },
    },
    async (request, reply) => {
      const listed = await services.emergency.records.list(request.query.limit);
      if (!listed.ok) return sendFailure(reply, listed.error);
      return listed.value.map((json) => shownRecord(JSON.parse(json) as EmergencyDetailRecord, null, false));
    },
  );
  app.get(
    "/v1/emergency/calls/:id",
    {
      schema: {
        tags: ["emergency"],
        summary: "One emergency call: who, where from, every way out tried, who was told; also while it is live",
        params: callId,
        response: { 200: EmergencyCallSchema, 404: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const found = await recordOf(services, id);
      if (!found.ok) return sendFailure(reply, found.error);
      const told = await services.emergency.notifications.get(id);
      if (!told.ok) return sendFailure(reply, told.error);
      if (found.value === null) return sendProblem(reply, "not-found", "no emergency call of this id is known");
      return shownRecord(found.value.record, told.value, found.value.live);
    },
  );
}

/** The kept record, else what is known of a live call. */
async function recordOf({ emergency, calls, clock }: ControlServices, id: string) {
  const kept = await emergency.records.get(id);
  if (!kept.ok) return kept;
  if (kept.value !== null) {
    return { ok: true as const, value: { record: JSON.parse(kept.value) as EmergencyDetailRecord, live: false } };
  }
  const stored = await calls.load(id);
  if (!stored.ok) return stored;
  const call = stored.value === null ? null : parseCall(stored.value.document);
  const record = call?.ok === true ? emergencyRecord(call.value, clock.now()) : null;
  return { ok: true as const, value: record === null ? null : { record, live: true } };
}

/** What an earlier release did not know stands in none of its records, which are kept for weeks after it. */
const unknown = emergencyFacts(blankPreparation);

/** What a record says of its notifications is from when it was written; `told` is what is known now. */
function shownRecord(record: EmergencyDetailRecord, told: Notification | null, live: boolean) {
  // Absent in records of earlier releases: what became of the desk.
  const kept = record as Omit<EmergencyDetailRecord, "desk"> &
    Partial<Pick<EmergencyDetailRecord, "desk"> & Pick<Notification, "acknowledged">> & {
      notifications?: Notification["deliveries"];
    };
  const { kind: _kind, id: _id, emergency, attempts, considered, ...facts } = kept;
  return {
    ...facts,
    live,
    emergency: { ...unknown, ...emergency, place: shownPlace(emergency) },
    attempts: [...attempts],
    considered: [...considered],
    desk: [...(kept.desk ?? [])],
    notifications: [...(told?.deliveries ?? kept.notifications ?? [])],
    acknowledged: told?.acknowledged ?? kept.acknowledged ?? null,
  };
}

/** Absent in records of a release that kept no place. */
function shownPlace({ place }: { readonly place?: EmergencyPlace | null }) {
  if (place === undefined || place === null) return null;
  return { ...place, civic: place.civic === null ? null : { ...place.civic }, references: [...place.references] };
}

function notificationRoutes(app: TypedApp, services: ControlServices): void {
  app.get(
    "/v1/emergency/notifications",
    {
      schema: {
        tags: ["emergency"],
        summary: "Notifications of emergency calls, newest first",
        querystring: limit,
        response: { 200: Type.Array(NotificationSchema), ...failureStatus },
      },
    },
    async (request, reply) => {
      const listed = await services.emergency.notifications.list(request.query.limit);
      return listed.ok ? listed.value.map(shownNotification) : sendFailure(reply, listed.error);
    },
  );
  app.get(
    "/v1/emergency/notifications/:id",
    {
      schema: {
        tags: ["emergency"],
        summary: "One call's notification: whom it went to and how, and who acknowledged it",
        params: callId,
        response: { 200: NotificationSchema, 404: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const found = await services.emergency.notifications.get(request.params.id);
      if (!found.ok) return sendFailure(reply, found.error);
      return found.value === null
        ? sendProblem(reply, "not-found", "no notification of this call is known")
        : shownNotification(found.value);
    },
  );
}

function acknowledgeRoute(app: TypedApp, services: ControlServices): void {
  app.post(
    "/v1/emergency/notifications/:id/acknowledge",
    {
      schema: {
        tags: ["emergency"],
        summary: "An operator has seen it: it is not escalated any more. The first one counts",
        params: callId,
        body: Type.Union([Type.Null(), Type.Object({ remark: Type.Optional(Type.String({ maxLength: 500 })) })]),
        response: { 200: NotificationSchema, 404: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { notifications } = services.emergency;
      const remark = request.body?.remark ?? "";
      const atMs = services.clock.now();
      const done = await notifications.acknowledge(id, { by: request.caller, atMs, remark });
      if (!done.ok) return sendFailure(reply, done.error);
      if (done.value === "acknowledged")
        request.log.info({ callId: id, by: request.caller }, "emergency notification acknowledged");
      const found = await notifications.get(id);
      if (!found.ok) return sendFailure(reply, found.error);
      return found.value === null
        ? sendProblem(reply, "not-found", "no notification of this call is known")
        : shownNotification(found.value);
    },
  );
}

function shownNotification({ notice, deliveries, acknowledged }: Notification) {
  const { targets: _targets, location, ...facts } = notice;
  return {
    ...facts,
    location: {
      ...location,
      civic: location.civic === null ? null : { ...location.civic },
      references: [...location.references],
    },
    deliveries: [...deliveries],
    acknowledged,
  };
}

function pathRoute(app: TypedApp, services: ControlServices): void {
  app.get(
    "/v1/emergency/path",
    {
      schema: {
        tags: ["emergency"],
        summary: "Every way from a pool over an E9-1-1 trunk, and when it last worked to its end",
        response: { 200: Type.Array(PathSchema), ...failureStatus },
      },
    },
    async (_request, reply) => {
      const paths = await services.emergency.paths.all();
      if (!paths.ok) return sendFailure(reply, paths.error);
      const shown = paths.value.map(shownPath);
      return shown.sort((a, b) => a.pool.localeCompare(b.pool) || a.trunk.localeCompare(b.trunk));
    },
  );
}

function shownPath({ pool, trunk, options, testCall }: EmergencyPath) {
  const walks = [options, testCall].filter((walk) => walk !== null && walk.lastTryMs > 0);
  const lastSuccessMs = Math.max(0, ...walks.map((walk) => walk?.lastSuccessMs ?? 0));
  // OPTIONS that come through do not make good for a test call that does not.
  const working = walks.length > 0 && walks.every((walk) => walk?.lastSuccessMs === walk?.lastTryMs);
  return { pool, trunk, working, lastSuccessMs, options, testCall };
}
