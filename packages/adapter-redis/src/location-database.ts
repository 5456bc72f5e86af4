import {
  MAX_LIS_BATCH,
  type LisEdition,
  type LisPage,
  type LisPublication,
  type LisReplacement,
  type LisState,
  type LocationDatabase,
} from "@tandem/call-control";
import {
  err,
  ok,
  parseLisKey,
  parseLisRow,
  serialiseLisRow,
  type Failure,
  type LisKey,
  type LisRow,
  type Result,
} from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { lisKeys, lisWorkKey } from "./keys.ts";
import { runScript } from "./scripts.ts";

/** Rows copied at a time: a command that takes a millisecond holds nobody up. */
const COPY_ROWS = 500;
/** A replacement that nobody completes is forgotten after this. */
const WORK_LIFE_S = 3_600;
/** Somebody who died while publishing is in the way no longer than this. */
const LOCK_LIFE_S = 600;

/**
 * The location database in two hashes of one hash tag: key → row. A lookup is one HMGET of every key that could answer, so that the longest prefix
 * among a million subnets costs one round trip and nothing is held in this process. An edition is copied beside the published one and takes its place
 * in one step.
 */
export function createLocationDatabase(connection: RedisConnection): LocationDatabase {
  return {
    isAway: () => connection.isAway(lisKeys.published),
    find: (keys, among) => find(connection, keys, among),
    page: (among, cursor) => readPage(connection, lisKeys[among], cursor),
    state: () => readState(connection),

    async put(rows) {
      if (rows.length === 0) return ok(undefined);
      const fields = fieldsOf(rows);
      const reply = await connection.run("put-lis", (client) =>
        runScript(client, "put-lis", [lisKeys.draft, lisKeys.state, ...fields]),
      );
      return reply.ok ? ok(undefined) : reply;
    },

    async remove(keys) {
      if (keys.length === 0) return ok(0);
      const reply = await connection.run("remove-lis", (client) =>
        runScript(client, "remove-lis", [lisKeys.draft, lisKeys.state, ...keys]),
      );
      return reply.ok ? ok(Number(reply.value)) : reply;
    },

    replacement: (token) => replacement(connection, token),
    publish: (edition) => publish(connection, edition),
  };
}

async function find(
  connection: RedisConnection,
  keys: readonly LisKey[],
  among: LisEdition,
): Promise<Result<LisRow | null, Failure>> {
  if (keys.length === 0) return ok(null);
  const reply = await connection.run("find-lis", (client) => client.hmget(lisKeys[among], ...keys));
  if (!reply.ok) return reply;
  for (const [index, text] of reply.value.entries()) {
    const key = keys[index];
    // What cannot be read is passed over: a weaker key may still know.
    const row = text === null || key === undefined ? null : parseLisRow(key, text);
    if (row !== null) return ok(row);
  }
  return ok(null);
}

async function readPage(connection: RedisConnection, hash: string, cursor: string): Promise<Result<LisPage, Failure>> {
  const reply = await connection.run("page-lis", (client) => client.hscan(hash, cursor, "COUNT", COPY_ROWS));
  if (!reply.ok) return reply;
  const [next, fields] = reply.value;
  const rows: LisRow[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const key = fields[index] ?? "";
    const row = parseLisKey(key) === null ? null : parseLisRow(key as LisKey, fields[index + 1] ?? "");
    if (row !== null) rows.push(row);
  }
  return ok({ rows, next });
}

async function readState(connection: RedisConnection): Promise<Result<LisState, Failure>> {
  const reply = await connection.run("read-lis-state", (client) =>
    Promise.all([client.hgetall(lisKeys.state), client.hlen(lisKeys.draft), client.hlen(lisKeys.published)]),
  );
  if (!reply.ok) return reply;
  const [{ revision, version, author, atMs, publishedRevision }, draftRows, publishedRows] = reply.value;
  return ok({
    draft: { revision: Number(revision ?? 0), rows: draftRows },
    published:
      version === undefined
        ? null
        : {
            version: Number(version),
            rows: publishedRows,
            author: author ?? "",
            atMs: Number(atMs ?? 0),
            revision: Number(publishedRevision ?? 0),
          },
  });
}

function replacement(connection: RedisConnection, token: string): LisReplacement {
  const collected = lisWorkKey("collected", token);
  let rowsCollected = 0;
  return {
    async add(rows) {
      if (rows.length === 0) return ok(undefined);
      const fields = fieldsOf(rows);
      const reply = await connection.run("collect-lis", (client) =>
        Promise.all([client.hset(collected, ...fields), client.expire(collected, WORK_LIFE_S)]),
      );
      if (!reply.ok) return reply;
      // A row that comes twice is one.
      rowsCollected += reply.value[0];
      return ok(undefined);
    },
    async commit() {
      const retired = lisWorkKey("retired", token);
      const reply = await connection.run("replace-lis", (client) =>
        runScript(client, "replace-lis", [collected, lisKeys.draft, retired, lisKeys.state, rowsCollected]),
      );
      if (!reply.ok) return reply;
      if (reply.value !== -1) return discard(connection, retired);
      await discard(connection, collected);
      return lost("Redis lost some of the rows; the draft is as it was");
    },
    abandon: () => discard(connection, collected),
  };
}

async function publish(
  connection: RedisConnection,
  edition: LisPublication,
): Promise<Result<"published" | "changed" | "busy", Failure>> {
  const { token } = edition;
  const lock = await connection.run("lock-lis", (client) => client.set(lisKeys.lock, token, "EX", LOCK_LIFE_S, "NX"));
  if (!lock.ok) return lock;
  if (lock.value === null) return ok("busy");
  const copy = lisWorkKey("copied", token);
  const outcome = await copyAndSwap(connection, edition, copy);
  await discard(connection, copy);
  await connection.run("unlock-lis", (client) => runScript(client, "unlock-lis", [lisKeys.lock, token]));
  return outcome;
}

async function copyAndSwap(
  connection: RedisConnection,
  { revision, author, atMs, token }: LisPublication,
  copy: string,
): Promise<Result<"published" | "changed", Failure>> {
  let cursor = "0";
  do {
    const page = await connection.run("copy-lis", (client) => client.hscan(lisKeys.draft, cursor, "COUNT", COPY_ROWS));
    if (!page.ok) return page;
    const [next, fields] = page.value;
    if (fields.length > 0) {
      const copied = await connection.run("copy-lis", (client) =>
        Promise.all([client.hset(copy, ...fields), client.expire(copy, WORK_LIFE_S)]),
      );
      if (!copied.ok) return copied;
    }
    cursor = next;
  } while (cursor !== "0");
  const retired = lisWorkKey("retired", token);
  const { published, state, lock, draft } = lisKeys;
  const reply = await connection.run("publish-lis", (client) =>
    runScript(client, "publish-lis", [copy, published, retired, state, lock, draft, revision, author, atMs, token]),
  );
  if (!reply.ok) return reply;
  if (reply.value === -1) return lost("Redis lost some of the copied rows; nothing was published");
  if (reply.value === -2) return lost("publishing took too long, or Redis lost its lock; nothing was published");
  await discard(connection, retired);
  return ok(reply.value === 0 ? "changed" : "published");
}

/** Whoever asked can ask again: what Redis holds is as it was before. */
function lost(detail: string): Result<never, Failure> {
  return err({ code: "store-unavailable", detail });
}

/** A large hash goes in the background of the server. */
async function discard(connection: RedisConnection, key: string): Promise<Result<void, Failure>> {
  const reply = await connection.run("discard-lis", (client) => client.unlink(key));
  return reply.ok ? ok(undefined) : reply;
}

function fieldsOf(rows: readonly LisRow[]): readonly string[] {
  if (rows.length > MAX_LIS_BATCH) throw new RangeError(`more than ${String(MAX_LIS_BATCH)} rows at once`);
  return rows.flatMap((row) => [row.key, serialiseLisRow(row)]);
}
