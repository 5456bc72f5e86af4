import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { sendProblem } from "../problem.ts";
import type { ApiKeys } from "../services.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Name of the key the caller presented; goes into the audit log and the topology's author. */
    caller: string;
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** The name of the key that equals `presented`, compared in constant time over digests; null when none does. */
function callerOf(presented: string, keys: ApiKeys): string | null {
  const offered = digest(presented);
  let caller: string | null = null;
  for (const [name, key] of keys) if (timingSafeEqual(offered, digest(key))) caller = name;
  return caller;
}

function presentedKey(request: FastifyRequest): string | null {
  const header = request.headers["x-api-key"];
  if (typeof header === "string") return header;
  const authorization = request.headers.authorization ?? "";
  return authorization.slice(0, 7).toLowerCase() === "bearer " ? authorization.slice(7).trim() : null;
}

/** The name of the key a request presents; null: none, or one that nobody has. */
export function presentedCaller(request: FastifyRequest, keys: ApiKeys): string | null {
  const key = presentedKey(request);
  return key === null ? null : callerOf(key, keys);
}

/**
 * Every route of the instance it is registered on needs an API key, in `x-api-key` or as a bearer token.
 * The key is checked before anything of the request's body is read.
 */
export const apiKeyPlugin = fp(
  async (app: FastifyInstance, options: { readonly keys: ApiKeys }) => {
    app.decorateRequest("caller", "");
    app.addHook("onRequest", async (request: FastifyRequest, reply: FastifyReply) => {
      const key = presentedKey(request);
      const caller = key === null ? null : callerOf(key, options.keys);
      if (caller === null) {
        void reply.header("www-authenticate", 'Bearer realm="tandem"');
        return sendProblem(reply, "unauthorised", key === null ? "an API key is required" : "the API key is not known");
      }
      request.caller = caller;
      return undefined;
    });
  },
  { name: "api-key" },
);
