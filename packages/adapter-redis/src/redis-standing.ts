import type { RedisConnectionOptions } from "./connection.ts";
import { OLDEST_REDIS } from "./redis-version.ts";

/** How a process finds its Redis. */
export interface RedisStanding {
  reachable: boolean;
  /** Version of a server that is too old to do all that is asked of it; null: none is known to be. */
  outdated: string | null;
}

/** A logger of the process. */
type RedisLog = Readonly<
  Record<"info" | "warn" | "error", (fields: Readonly<Record<string, unknown>>, message: string) => void>
>;

/** Tells the log when a primary is away and when it is back; `away` hears how many are. Of a stand-alone Redis, or behind Sentinels, there is one. */
export function watchAbsence(
  log: RedisLog,
  away: (primaries: number) => void,
): NonNullable<RedisConnectionOptions["onAbsence"]> {
  return (primary, isAway, count) => {
    away(count);
    if (isAway) log.warn({ primary }, "Redis is away: no emergency call waits for it");
    else log.info({ primary }, "Redis is there again: emergency calls wait for it as ever");
  };
}

/** Keeps `standing` as the connection tells it, and tells the log when it changes. `connected` hears every word of the connection's state. */
export function watchRedis(
  standing: RedisStanding,
  log: RedisLog,
  connected: (isConnected: boolean) => void,
): Required<Pick<RedisConnectionOptions, "onState" | "onOutdated">> {
  return {
    onState: (state, detail) => {
      const reachable = state === "ready";
      if (reachable !== standing.reachable) log[reachable ? "info" : "warn"]({ state, detail }, "redis connection");
      standing.reachable = reachable;
      connected(reachable);
    },
    onOutdated: (version) => {
      standing.outdated = version;
      if (version === null) log.info({}, "Redis is new enough");
      else log.error({ version, needed: OLDEST_REDIS }, "Redis is too old");
    },
  };
}

/** What keeps a process from being ready as far as Redis goes, one sentence each. */
export function redisComplaints({ reachable, outdated }: Readonly<RedisStanding>): readonly string[] {
  return [
    ...(reachable ? [] : ["Redis is not reachable"]),
    ...(outdated === null ? [] : [`Redis ${outdated} is too old`]),
  ];
}
