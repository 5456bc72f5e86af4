import { ok, type Failure, type Result } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { runScript } from "./scripts.ts";

/** As long as other dead letters. */
const KEEP_S = 30 * 86_400;
/** A writer that has gone wrong does not fill Redis. */
const KEEP_AT_MOST = 10_000;

/** A stream, and the one beside it that keeps what was set aside; both in one slot. */
export interface StreamPair {
  readonly stream: string;
  readonly aside: string;
}

/** Takes entries that cannot be read out of the way of the others; they are kept as they are. Twice is as good as once. */
export async function setAside(
  connection: RedisConnection,
  { stream, aside }: StreamPair,
  streamIds: readonly string[],
): Promise<Result<void, Failure>> {
  const done = await connection.run("set-aside", (client) =>
    Promise.all(streamIds.map((id) => runScript(client, "set-aside", [stream, aside, id, KEEP_S, KEEP_AT_MOST]))),
  );
  return done.ok ? ok(undefined) : done;
}

/** How many entries are kept. */
export function countAside(connection: RedisConnection, { aside }: StreamPair): Promise<Result<number, Failure>> {
  return connection.run("count-aside", (client) => client.xlen(aside));
}
