import { failureEntry, type Failure, type FailureCode } from "@tandem/domain";
import type { FastifyReply } from "fastify";
import { Type } from "typebox";

/** An error as the API tells it: RFC 9457 problem details with the catalogue's code and, for documents, every issue at once. */
export const problem = Type.Object(
  {
    type: Type.String({ description: "tag URI of the failure code" }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: "code of docs/errors.md" }),
    detail: Type.String(),
    issues: Type.Optional(Type.Array(Type.Object({ path: Type.String(), problem: Type.String(), fix: Type.String() }))),
  },
  { description: "RFC 9457 problem details" },
);

/** Answers every route can give besides its own. */
export const failureStatus = { 400: problem, 401: problem, 500: problem, 503: problem } as const;

/** One thing wrong with a document: where, what, and how to put it right. */
export interface Issue {
  readonly path: string;
  readonly problem: string;
  readonly fix: string;
}

/** Sends the catalogue's HTTP status for `code`. `detail` is for the API's user and holds no personal data. */
export function sendProblem(
  reply: FastifyReply,
  code: FailureCode,
  detail: string,
  issues?: readonly Issue[],
): FastifyReply {
  const { http, description, retryAfterS } = failureEntry(code);
  if (retryAfterS !== null) void reply.header("retry-after", String(retryAfterS));
  return reply
    .code(http)
    .type("application/problem+json")
    .send({
      type: `tag:tandem,2026:failure:${code}`,
      title: description,
      status: http,
      code,
      detail,
      ...(issues === undefined ? {} : { issues }),
    });
}

/** A port's failure: one log line, and the catalogue's answer. */
export function sendFailure(reply: FastifyReply, failure: Failure): FastifyReply {
  reply.log.warn({ code: failure.code, detail: failure.detail }, "request failed");
  return sendProblem(reply, failure.code, failure.detail);
}
