import type { PoolScale, PoolScaler } from "@tandem/call-control";
import { err, type Failure, type Result } from "@tandem/domain";
import { Type } from "typebox";
import { failureStatus, problem, sendFailure } from "../../problem.ts";
import type { ControlServices } from "../../services.ts";
import type { TypedApp } from "../../typed-app.ts";
import { ScaleSchema, WantedSizeSchema } from "./schemas.ts";

const params = Type.Object({ name: Type.String() });
const refusals = { 404: problem, 501: problem, ...failureStatus } as const;

/** Pool sizes: what is wanted and what serves, and changing it while calls are up. */
export function scaleRoutes(app: TypedApp, { scaler }: ControlServices): void {
  app.get(
    "/v1/pools/:name/scale",
    {
      schema: {
        tags: ["pools"],
        summary: "How many processes the pool shall have, and how many serve",
        params,
        response: { 200: ScaleSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const scale = await asked(scaler, (by) => by.read(name));
      return scale.ok ? { pool: name, ...scale.value } : sendFailure(reply, scale.error);
    },
  );
  app.put(
    "/v1/pools/:name/scale",
    {
      schema: {
        tags: ["pools"],
        summary: "Starts or drains processes of the pool until it has this many; no call is lost",
        params,
        body: WantedSizeSchema,
        response: { 202: ScaleSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const scale = await asked(scaler, (by) => by.scale(name, request.body));
      if (!scale.ok) return sendFailure(reply, scale.error);
      request.log.info({ pool: name, desired: scale.value.desired, caller: request.caller }, "pool scaled");
      return reply.code(202).send({ pool: name, ...scale.value });
    },
  );
}

async function asked(
  scaler: PoolScaler | null,
  ask: (scaler: PoolScaler) => Promise<Result<PoolScale, Failure>>,
): Promise<Result<PoolScale, Failure>> {
  if (scaler !== null) return ask(scaler);
  return err({ code: "not-implemented", detail: "no orchestrator is configured (TANDEM_SCALER)" });
}
