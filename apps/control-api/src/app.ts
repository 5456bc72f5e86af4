import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import Fastify, { type FastifyBaseLogger, type FastifyError } from "fastify";
import { faultOf, type FailureCode } from "@tandem/domain";
import { apiKeyPlugin } from "./plugins/api-key.ts";
import { sendProblem } from "./problem.ts";
import { callRoutes } from "./routes/calls/routes.ts";
import { dryRunRoutes } from "./routes/dry-run/routes.ts";
import { emergencyRoutes } from "./routes/emergency/routes.ts";
import { lisRoutes } from "./routes/lis/routes.ts";
import { sheetRoutes } from "./routes/lis/sheet-routes.ts";
import { poolRoutes } from "./routes/pools/routes.ts";
import { scaleRoutes } from "./routes/pools/scale-routes.ts";
import { topologyRoutes } from "./routes/topology/routes.ts";
import { trunkRoutes } from "./routes/trunks/routes.ts";
import type { ApiKeys, ControlServices } from "./services.ts";
import type { TypedApp } from "./typed-app.ts";

export interface AppOptions {
  readonly services: ControlServices;
  readonly keys: ApiKeys;
  readonly logger: FastifyBaseLogger;
  /** Reasons not to serve, asked on `/readyz`. */
  readonly unready: () => readonly string[];
}

/** The control API: everything under `/v1` needs a key; `/docs`, `/livez` and `/readyz` do not. */
export async function createApp(options: AppOptions): Promise<TypedApp> {
  const app = Fastify({
    loggerInstance: options.logger,
    disableRequestLogging: true,
    // A sheet of a million rows is read while it comes; nobody without a key sends one (headers have their own, shorter limit).
    requestTimeout: 300_000,
    bodyLimit: 64 * 1024,
    routerOptions: { maxParamLength: 200 },
    ajv: { customOptions: { removeAdditional: false } },
  }).withTypeProvider<TypeBoxTypeProvider>();
  answerProblems(app);
  await describe(app);
  app.get("/livez", { schema: { hide: true } }, async () => "ok\n");
  app.get("/readyz", { schema: { hide: true } }, async (_request, reply) => {
    const reasons = options.unready();
    return reasons.length === 0 ? "ok\n" : reply.code(503).send(`${reasons.join("\n")}\n`);
  });
  await app.register(async (secured) => {
    await secured.register(apiKeyPlugin, { keys: options.keys });
    const typed = secured.withTypeProvider<TypeBoxTypeProvider>();
    const areas = [trunkRoutes, poolRoutes, scaleRoutes, callRoutes, emergencyRoutes, lisRoutes, dryRunRoutes];
    for (const routes of areas) routes(typed, options.services);
    await typed.register(async (documents) =>
      topologyRoutes(documents.withTypeProvider<TypeBoxTypeProvider>(), options.services),
    );
    await typed.register(async (sheets) =>
      sheetRoutes(sheets.withTypeProvider<TypeBoxTypeProvider>(), options.services),
    );
  });
  return app;
}

/** What fastify refuses of itself, as the catalogue tells it; anything else is `bad-request`. */
const refusals: ReadonlyMap<number, FailureCode> = new Map([
  [413, "too-large"],
  [415, "media-type-unknown"],
]);

/** Every error leaves as problem details; of an unexpected one the log tells what it was and where. */
function answerProblems(app: TypedApp): void {
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, "not-found", "no such resource; /docs lists them"));
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return sendProblem(reply, refusals.get(status) ?? "bad-request", detailOf(error));
    request.log.error({ ...faultOf(error), url: request.routeOptions.url }, "request handler failed");
    return sendProblem(reply, "internal-error", "the request could not be served; the log has the cause");
  });
}

/** The schema check's words, and what field it is that should not be there: they do not say it. */
function detailOf({ message, validation }: FastifyError): string {
  const field = validation?.[0]?.params["additionalProperty"];
  return typeof field === "string" ? `${message}: ${JSON.stringify(field)}` : message;
}

async function describe(app: TypedApp): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Tandem control API",
        version: "1",
        description: "Topology as versioned transactions, live state, dry runs and drains of a Tandem cluster.",
      },
      components: {
        securitySchemes: {
          key: { type: "apiKey", in: "header", name: "x-api-key" },
          bearer: { type: "http", scheme: "bearer" },
        },
      },
      security: [{ key: [] }, { bearer: [] }],
      tags: ["topology", "trunks", "pools", "calls", "emergency", "routing"].map((name) => ({ name })),
    },
  });
  await app.register(swaggerUi, { routePrefix: "/docs" });
}
