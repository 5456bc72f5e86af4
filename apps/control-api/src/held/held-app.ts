import { randomUUID } from "node:crypto";
import rateLimit from "@fastify/rate-limit";
import type { LocationDatabase } from "@tandem/call-control";
import {
  composePidf,
  err,
  failureEntry,
  lisCandidates,
  ok,
  type EmergencyProvider,
  type LocateQuery,
  type Result,
} from "@tandem/domain";
import {
  composeHeldError,
  composeHeldResponse,
  HELD_TYPE,
  readHeldRequest,
  wantsCivic,
  type HeldError,
  type HeldRequest,
} from "@tandem/location-document";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from "fastify";
import { presentedCaller } from "../plugins/api-key.ts";
import type { ApiKeys } from "../services.ts";

/** How the HELD server serves. */
interface HeldListener {
  /** PEM; null: in clear, for a network or a proxy that protects it. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Addresses of proxies whose `X-Forwarded-For` is believed; nobody else's is. */
  readonly proxies: readonly string[];
  /** Requests a minute that one source may make without a key; 0: any number. */
  readonly ratePerMinute: number;
}

export interface HeldAppOptions {
  readonly locations: Pick<LocationDatabase, "find">;
  readonly provider: () => Promise<EmergencyProvider | null>;
  readonly keys: ApiKeys;
  readonly now: () => number;
  readonly logger: FastifyBaseLogger;
  readonly listener: HeldListener;
  /** Told how each request was answered: `location`, `too-many-requests`, or a code of the HELD error. */
  readonly onAnswer: (answer: HeldAnswer) => void;
}

export type HeldAnswer = "location" | "too-many-requests" | HeldError["code"];

const MAX_REQUEST_OCTETS = 65_536;
const MAX_CONNECTIONS = 2_000;
/** Sources whose requests are counted; of more, the ones seen longest ago are forgotten. */
const MOST_SOURCES = 20_000;
const LIMITED = failureEntry("too-many-requests").http;

/**
 * Location for devices by HTTP (RFC 5985). A device is told its own location without a key: it is found by the address its connection comes from, which
 * cannot be made up on TCP (§9.3). Whoever names another device (RFC 6155 §3) shows an API key; without one the answer is `badIdentifier`, and
 * measurements that a device brings of itself are not used, so that nobody can ask through the addresses of a building. What is told is the published
 * edition; lookups leave no address and no identifier in a log. A source that asks too often without a key gets 429, so that one device costs the others
 * nothing.
 */
export async function createHeldApp(options: HeldAppOptions): Promise<FastifyInstance> {
  const { tls, proxies } = options.listener;
  const app = Fastify({
    loggerInstance: options.logger,
    disableRequestLogging: true,
    requestTimeout: 10_000,
    bodyLimit: MAX_REQUEST_OCTETS,
    trustProxy: proxies.length > 0 ? [...proxies] : false,
    ...(tls === null ? {} : { https: { cert: tls.cert, key: tls.key } }),
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const { answer, ...told } = refusalOf(error.statusCode ?? 500);
    if (answer === "generalLisError") options.logger.error({ error: error.name }, "a location request failed");
    options.onAnswer(answer);
    return reply
      .code(told.status)
      .type(HELD_TYPE)
      .send(composeHeldError({ code: told.code, message: told.message }));
  });
  await limitSources(app, options);
  for (const url of ["/", "/held"]) {
    // RFC 5985 §8: GET is a request without parameters; errors are answers with 200.
    app.route({
      method: ["GET", "POST"],
      url,
      handler: async (request, reply) => {
        const answer = await answerTo(request, options);
        options.onAnswer(answer.ok ? "location" : answer.error.code);
        void reply.type(HELD_TYPE).header("cache-control", "private, no-store");
        return answer.ok ? composeHeldResponse(answer.value) : composeHeldError(answer.error);
      },
    });
  }
  return app;
}

/** Counted before anything of the request is read. */
async function limitSources(app: FastifyInstance, { listener, keys }: HeldAppOptions): Promise<void> {
  const { ratePerMinute } = listener;
  if (ratePerMinute === 0) return;
  await app.register(rateLimit, {
    max: ratePerMinute,
    timeWindow: 60_000,
    cache: MOST_SOURCES,
    keyGenerator: ({ ip }) => ip,
    allowList: (request) => presentedCaller(request, keys) !== null,
    // What is left is nobody's business; Retry-After says when to come again.
    addHeadersOnExceeding: NO_COUNTS,
    addHeaders: NO_COUNTS,
  });
}

const NO_COUNTS = { "x-ratelimit-limit": false, "x-ratelimit-remaining": false, "x-ratelimit-reset": false } as const;

interface Refusal {
  readonly answer: HeldAnswer;
  readonly status: number;
  readonly code: HeldError["code"];
  readonly message: string;
}

/** RFC 5985 §8: errors are answers with 200. What HTTP itself has a word for is said by HTTP, too (429, RFC 6585 §4). */
function refusalOf(status: number): Refusal {
  if (status === LIMITED) {
    const message = "too many requests of this source";
    return { answer: "too-many-requests", status, code: "generalLisError", message };
  }
  const code = status >= 500 ? "generalLisError" : "requestError";
  return { answer: code, status: 200, code, message: "the request cannot be served" };
}

const WHOLE: HeldRequest = { device: {}, namesDevice: false, types: [], exact: false };

async function answerTo(request: FastifyRequest, options: HeldAppOptions): Promise<Result<string, HeldError>> {
  const body = Buffer.isBuffer(request.body) ? request.body.toString("latin1") : "";
  const asked = request.method === "GET" ? ok(WHOLE) : readHeldRequest(body);
  if (!asked.ok) return asked;
  if (!wantsCivic(asked.value)) return err({ code: "cannotProvideLiType", message: "only civic addresses are known" });
  const device = deviceOf(asked.value, request, options.keys);
  if (!device.ok) return device;
  const row = await options.locations.find(lisCandidates(device.value), "published");
  if (!row.ok) return err({ code: "generalLisError", message: "the location database cannot be asked" });
  if (row.value === null) return err({ code: "locationUnknown", message: "the location is not known" });
  const provider = await options.provider();
  return ok(
    composePidf({
      // RFC 5985 §6.6: an unlinked pseudonym, so that the document tells nobody whose location it is.
      entity: `pres:${randomUUID()}@${provider?.fqdn ?? "location.invalid"}`,
      civic: row.value.civic,
      method: "LIS",
      provider,
      atMs: options.now(),
    }),
  );
}

/** Whose location it is about, when the one who asks may ask. */
function deviceOf(asked: HeldRequest, request: FastifyRequest, keys: ApiKeys): Result<LocateQuery, HeldError> {
  const own = { address: request.ip };
  if (presentedCaller(request, keys) !== null) return ok(asked.namesDevice ? asked.device : own);
  const { address, mac, numbers } = asked.device;
  const namesOther = (address !== undefined && address !== request.ip) || mac !== undefined || numbers !== undefined;
  return namesOther
    ? err({ code: "badIdentifier", message: "the location of another device is told to authorised clients only" })
    : ok(own);
}
