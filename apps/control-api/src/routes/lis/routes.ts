import { randomUUID } from "node:crypto";
import {
  canonicalElin,
  checkLisRow,
  civicAddress,
  lisCandidates,
  parseLisKey,
  type LisKey,
  type LisRow,
} from "@tandem/domain";
import { Type, type Static } from "typebox";
import { failureStatus, problem, sendFailure, sendProblem } from "../../problem.ts";
import type { ControlServices } from "../../services.ts";
import type { TypedApp } from "../../typed-app.ts";
import { checkDraft } from "./check-draft.ts";
import { CheckReport, Lookup, Row, RowContent, RowKey, State } from "./schemas.ts";

const tags = ["locations"];

/** The location database: a draft that people work on, and the edition that calls see. */
export function lisRoutes(app: TypedApp, services: ControlServices): void {
  readState(app, services);
  readRows(app, services);
  writeRow(app, services);
  removeRow(app, services);
  checkAndPublish(app, services);
  lookUp(app, services);
}

function readState(app: TypedApp, { locations }: ControlServices): void {
  app.get(
    "/v1/lis",
    { schema: { tags, summary: "Draft and published edition", response: { 200: State, ...failureStatus } } },
    async (_request, reply) => {
      const state = await locations.state();
      return state.ok ? state.value : sendFailure(reply, state.error);
    },
  );
}

function readRows(app: TypedApp, { locations }: ControlServices): void {
  app.get(
    "/v1/lis/draft/rows",
    {
      schema: {
        tags,
        summary: "Some rows of the draft, in no order; go on with `next` until it is 0",
        querystring: Type.Object({ cursor: Type.String({ pattern: "^\\d{1,20}$", default: "0" }) }),
        response: { 200: Type.Object({ rows: Type.Array(Row), next: Type.String() }), ...failureStatus },
      },
    },
    async (request, reply) => {
      const page = await locations.page("draft", request.query.cursor);
      return page.ok ? { rows: page.value.rows.map(shown), next: page.value.next } : sendFailure(reply, page.error);
    },
  );
  app.get(
    "/v1/lis/draft/rows/:key",
    {
      schema: {
        tags,
        summary: "One row of the draft",
        params: RowKey,
        response: { 200: Row, 404: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const { key } = request.params;
      if (!isKey(key)) return sendProblem(reply, "bad-request", "the key is not canonical; see the schema");
      const row = await locations.find([key], "draft");
      if (!row.ok) return sendFailure(reply, row.error);
      return row.value === null ? sendProblem(reply, "not-found", "the draft has no such row") : shown(row.value);
    },
  );
}

function writeRow(app: TypedApp, { locations }: ControlServices): void {
  app.put(
    "/v1/lis/draft/rows/:key",
    {
      schema: {
        tags,
        summary: "Adds a row to the draft, or replaces it",
        params: RowKey,
        body: RowContent,
        response: { 200: Row, 422: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const { key } = request.params;
      if (!isKey(key)) return sendProblem(reply, "bad-request", "the key is not canonical; see the schema");
      const row = rowOf(key, request.body);
      const issues = checkLisRow(row, null).filter(({ severity }) => severity === "error");
      if (row.elins.length < request.body.elins.length) {
        issues.push({ field: "elins", severity: "error", problem: "not all are numbers", fix: "write + and digits" });
      }
      if (issues.length > 0) {
        const told = issues.map(({ field, problem: what, fix }) => ({ path: field, problem: what, fix }));
        return sendProblem(reply, "location-rows-invalid", "the row has errors", told);
      }
      const done = await locations.put([row]);
      if (!done.ok) return sendFailure(reply, done.error);
      request.log.info({ caller: request.caller }, "a row of the location draft was written");
      return shown(row);
    },
  );
}

function removeRow(app: TypedApp, { locations }: ControlServices): void {
  app.delete(
    "/v1/lis/draft/rows/:key",
    {
      schema: {
        tags,
        summary: "Takes a row out of the draft",
        params: RowKey,
        response: { 204: Type.Null(), 404: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const { key } = request.params;
      if (!isKey(key)) return sendProblem(reply, "bad-request", "the key is not canonical; see the schema");
      const removed = await locations.remove([key]);
      if (!removed.ok) return sendFailure(reply, removed.error);
      if (removed.value === 0) return sendProblem(reply, "not-found", "the draft has no such row");
      request.log.info({ caller: request.caller }, "a row of the location draft was removed");
      return reply.code(204).send(null);
    },
  );
}

function checkAndPublish(app: TypedApp, services: ControlServices): void {
  app.post(
    "/v1/lis/draft/validate",
    { schema: { tags, summary: "Checks every row of the draft", response: { 200: CheckReport, ...failureStatus } } },
    async (_request, reply) => {
      const checked = await checkDraft(services);
      return checked.ok ? { ...checked.value, issues: [...checked.value.issues] } : sendFailure(reply, checked.error);
    },
  );
  app.post(
    "/v1/lis/publish",
    {
      schema: {
        tags,
        summary: "Checks the draft and makes it the edition that calls see, at once and as a whole",
        response: { 200: State, 409: problem, 422: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const checked = await checkDraft(services);
      if (!checked.ok) return sendFailure(reply, checked.error);
      const { errors, issues, revision } = checked.value;
      if (errors > 0) {
        const told = issues.filter(({ severity }) => severity === "error");
        const detail = `${errors} errors in the draft; nothing was published`;
        return sendProblem(reply, "location-rows-invalid", detail, told.map(asIssue));
      }
      const edition = { revision, author: request.caller, atMs: services.clock.now(), token: randomUUID() };
      const outcome = await services.locations.publish(edition);
      if (!outcome.ok) return sendFailure(reply, outcome.error);
      if (outcome.value !== "published") {
        const why = outcome.value === "busy" ? "somebody else is publishing" : "the draft changed meanwhile";
        return sendProblem(reply, "location-draft-changed", `${why}; nothing was published`);
      }
      request.log.info({ caller: request.caller, revision }, "location edition published");
      const state = await services.locations.state();
      return state.ok ? state.value : sendFailure(reply, state.error);
    },
  );
}

function lookUp(app: TypedApp, { locations }: ControlServices): void {
  app.post(
    "/v1/lis/lookup",
    {
      schema: {
        tags,
        summary: "What a caller with these identifiers would be located by",
        body: Lookup,
        response: { 200: Type.Object({ row: Type.Union([Row, Type.Null()]) }), ...failureStatus },
      },
    },
    async (request, reply) => {
      const { edition, ...identifiers } = request.body;
      const found = await locations.find(lisCandidates(identifiers), edition);
      if (!found.ok) return sendFailure(reply, found.error);
      return { row: found.value === null ? null : shown(found.value) };
    },
  );
}

function isKey(text: string): text is LisKey {
  return parseLisKey(text) !== null;
}

function rowOf(key: LisKey, { civic, erl, elins, description }: Static<typeof RowContent>): LisRow {
  return {
    key,
    civic: civicAddress(civic),
    erl,
    elins: elins.flatMap((elin) => canonicalElin(elin) ?? []),
    description,
  };
}

function shown(row: LisRow): Static<typeof Row> {
  return { ...row, civic: { ...row.civic }, elins: [...row.elins] };
}

function asIssue({ key, field, problem: what, fix }: { key: string; field: string; problem: string; fix: string }) {
  return { path: `${key} ${field}`, problem: what, fix };
}
