import { Type } from "typebox";
import { stringify } from "yaml";
import { maxDocumentLength } from "@tandem/topology-document";
import { checkApart } from "@tandem/topology-document/apart";
import { documentFormat } from "../../current-topology.ts";
import { failureStatus, problem, sendFailure, sendProblem } from "../../problem.ts";
import type { ControlServices } from "../../services.ts";
import type { TypedApp } from "../../typed-app.ts";

const Warning = Type.Object({ path: Type.String(), problem: Type.String(), fix: Type.String() });
const Warnings = Type.Array(Warning, { description: "accepted, but somebody should look" });
const Published = Type.Object({
  version: Type.Integer(),
  author: Type.String({ description: "name of the API key" }),
  atMs: Type.Number(),
  warnings: Warnings,
});

/** Reads, checks and replaces the topology. Documents come as YAML or JSON text, told apart by Content-Type. */
export function topologyRoutes(app: TypedApp, services: ControlServices): void {
  for (const type of ["application/yaml", "text/yaml", "application/x-yaml", "text/plain"])
    app.addContentTypeParser(type, { parseAs: "string", bodyLimit: maxDocumentLength }, (_request, body, done) =>
      done(null, body),
    );
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser(
    "application/json",
    { parseAs: "string", bodyLimit: maxDocumentLength },
    (_request, body, done) => done(null, body),
  );
  readTopology(app, services);
  validateTopology(app);
  replaceTopology(app, services);
}

function readTopology(app: TypedApp, services: ControlServices): void {
  app.get(
    "/v1/topology",
    {
      schema: {
        tags: ["topology"],
        summary: "The topology in force, as written; its version is the ETag",
        description: "JSON, or YAML when `Accept: application/yaml`.",
        response: { 200: Type.Unsafe<string>({ description: "the document" }), 404: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const current = await services.topology.current();
      if (!current.ok) return sendFailure(reply, current.error);
      if (current.value === null) return sendProblem(reply, "not-found", "no topology has been published yet");
      void reply.header("etag", `"${current.value.version}"`);
      if (request.headers.accept?.includes("yaml") === true)
        return reply.type("application/yaml").send(stringify(JSON.parse(current.value.json)));
      return reply.type("application/json").send(current.value.json);
    },
  );
}

function validateTopology(app: TypedApp): void {
  app.post<{ Body: string }>(
    "/v1/topology/validate",
    {
      bodyLimit: maxDocumentLength,
      schema: {
        tags: ["topology"],
        summary: "Checks a document without publishing it",
        response: {
          200: Type.Object({ valid: Type.Literal(true), warnings: Warnings }),
          422: problem,
          ...failureStatus,
        },
      },
    },
    async (request, reply) => {
      const compiled = await checkApart(request.body, documentFormat(request.headers["content-type"]));
      if (!compiled.ok) return sendProblem(reply, "topology-invalid", "the document has errors", compiled.error);
      return { valid: true as const, warnings: [...compiled.value.warnings] };
    },
  );
}

/** `"7"`, `7` or `W/"7"` → 7; `*` or absent → null (no condition); anything else → undefined. */
function versionOfIfMatch(header: string | undefined): number | null | undefined {
  if (header === undefined || header.trim() === "*") return null;
  const digits = /^(?:W\/)?"?(\d{1,15})"?$/.exec(header.trim())?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function replaceTopology(app: TypedApp, services: ControlServices): void {
  app.put<{ Body: string }>(
    "/v1/topology",
    {
      bodyLimit: maxDocumentLength,
      schema: {
        tags: ["topology"],
        summary: "Replaces the topology whole, or not at all",
        description: "With `If-Match: <version>` only if that version is still in force (409 otherwise).",
        response: { 200: Published, 409: problem, 422: problem, ...failureStatus },
      },
    },
    async (request, reply) => {
      const expected = versionOfIfMatch(request.headers["if-match"]);
      if (expected === undefined) return sendProblem(reply, "bad-request", "If-Match must be a topology version");
      const compiled = await checkApart(request.body, documentFormat(request.headers["content-type"]));
      if (!compiled.ok)
        return sendProblem(reply, "topology-invalid", "the document has errors; nothing was changed", compiled.error);
      const current = await services.topology.current();
      if (!current.ok) return sendFailure(reply, current.error);
      const inForce = current.value?.version ?? 0;
      if (expected !== null && expected !== inForce)
        return sendProblem(
          reply,
          "topology-conflict",
          `version ${inForce} is in force, not ${expected}; read it again`,
        );
      const published = {
        json: compiled.value.json,
        author: request.caller,
        atMs: services.clock.now(),
      };
      const outcome = await services.topology.publish(published, current.value?.version ?? null);
      if (!outcome.ok) return sendFailure(reply, outcome.error);
      if (outcome.value === "conflict")
        return sendProblem(reply, "topology-conflict", "somebody else replaced the topology meanwhile; read it again");
      request.log.info({ version: inForce + 1, caller: request.caller }, "topology replaced");
      return {
        version: inForce + 1,
        author: request.caller,
        atMs: published.atMs,
        warnings: [...compiled.value.warnings],
      };
    },
  );
}
