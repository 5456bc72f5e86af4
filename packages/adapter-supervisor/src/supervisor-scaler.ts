import type { PoolScale, PoolScaler, WantedPoolSize } from "@tandem/call-control";
import { err, isFailureCode, ok, type Failure, type Result } from "@tandem/domain";
import { failureAnswer, scaleAnswer } from "./scale-messages.ts";

const LIMIT_MS = 5_000;

/** The scaler of a supervisor reached by HTTP. @param url Without a path. */
export function createSupervisorScaler(url: string, token: string): PoolScaler {
  const call = async (pool: string, init: RequestInit): Promise<Result<PoolScale, Failure>> => {
    try {
      const response = await fetch(`${url}/pools/${encodeURIComponent(pool)}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        signal: AbortSignal.timeout(LIMIT_MS),
      });
      return readAnswer(response.ok, await response.json());
    } catch (error) {
      return unavailable(error instanceof Error ? error.message : "the supervisor did not answer");
    }
  };
  return {
    scale: (pool, wanted: WantedPoolSize) => call(pool, { method: "PUT", body: JSON.stringify(wanted) }),
    read: (pool) => call(pool, { method: "GET" }),
  };
}

function readAnswer(good: boolean, body: unknown): Result<PoolScale, Failure> {
  if (good) {
    const scale = scaleAnswer.safeParse(body);
    return scale.success ? ok(scale.data) : unavailable("the supervisor's answer cannot be read");
  }
  const failure = failureAnswer.safeParse(body);
  if (!failure.success || !isFailureCode(failure.data.code)) return unavailable("the supervisor refused");
  // Its own token is not the caller's doing.
  if (failure.data.code === "unauthorised") return unavailable("the supervisor does not know our token");
  return err({ code: failure.data.code, detail: failure.data.detail });
}

function unavailable(detail: string): Result<PoolScale, Failure> {
  return err({ code: "scaler-unavailable", detail });
}
