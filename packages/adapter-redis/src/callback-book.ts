import type { Callback, CallbackBook, CallbackCaller, CallbackEnd, CallbackEntry } from "@tandem/call-control";
import { callbackKey, ok, type Failure, type Result } from "@tandem/domain";
import { watchChanges } from "./change-watch.ts";
import type { RedisConnection } from "./connection.ts";
import { callbackKeys, channels } from "./keys.ts";
import { runScript } from "./scripts.ts";

/**
 * Callbacks in one slot: the entries are few (the emergency calls of the last half hour), every worker holds a copy, and lending an ELIN and remembering its
 * caller are one atomic step.
 */
export function createCallbackBook(connection: RedisConnection): CallbackBook {
  return {
    isAway: () => connection.isAway(callbackKeys.entries),
    remember: (entry) => remember(connection, entry),
    end: (end) => endEntry(connection, end),

    async find(number, nowMs) {
      const key = callbackKey(number);
      const text = await connection.run("find-callback", (client) => client.hget(callbackKeys.entries, key));
      if (!text.ok) return text;
      const found = text.value === null ? null : readEntry(key, text.value);
      return ok(found !== null && found.untilMs > nowMs ? found : null);
    },

    async all(nowMs) {
      const fields = await connection.run("read-callbacks", (client) => client.hgetall(callbackKeys.entries));
      if (!fields.ok) return fields;
      const entries = Object.entries(fields.value).map(([key, text]) => readEntry(key, text));
      return ok(entries.filter((entry) => entry !== null).filter(({ untilMs }) => untilMs > nowMs));
    },

    watch(onChange) {
      let seen: string | null | undefined;
      return watchChanges(connection, channels.callbacks, async () => {
        const revision = await connection.run("read-callback-revision", (client) => client.get(callbackKeys.revision));
        if (!revision.ok) return revision;
        const isNews = seen !== undefined && seen !== revision.value;
        seen = revision.value;
        if (isNews) onChange();
        return ok(undefined);
      });
    },
  };
}

async function remember(
  connection: RedisConnection,
  { caller, callbackNumber, elins, nowMs, untilMs }: CallbackEntry,
): Promise<Result<{ readonly elin: string | null }, Failure>> {
  const { entries, lapses, holders, lent, revision } = callbackKeys;
  const key = callbackKey(callbackNumber);
  const reply = await connection.run("remember-callback", (client) =>
    runScript(client, "remember-callback", [
      entries,
      lapses,
      holders,
      lent,
      revision,
      nowMs,
      untilMs,
      caller.callId,
      key === "" ? caller.callId : key,
      `${caller.callId}\n${JSON.stringify(caller)}`,
      key,
      channels.callbacks,
      ...elins.flatMap((elin) => [elin, callbackKey(elin)]),
    ]),
  );
  if (!reply.ok) return reply;
  return ok({ elin: typeof reply.value === "string" && reply.value !== "" ? reply.value : null });
}

async function endEntry(
  connection: RedisConnection,
  { callId, callbackNumber, elin, nowMs, untilMs }: CallbackEnd,
): Promise<Result<void, Failure>> {
  const { entries, lapses, holders, revision } = callbackKeys;
  const key = callbackKey(callbackNumber);
  const keys = [key, ...(elin === null ? [] : [callbackKey(elin)])].filter((each) => each !== "");
  const reply = await connection.run("end-callback", (client) =>
    runScript(client, "end-callback", [
      entries,
      lapses,
      holders,
      revision,
      nowMs,
      untilMs,
      callId,
      elin ?? "",
      key === "" ? callId : key,
      channels.callbacks,
      ...keys,
    ]),
  );
  return reply.ok ? ok(undefined) : reply;
}

/** `<lapses at>\n<call id>\n<JSON>`; null for what a newer version of Tandem wrote. */
function readEntry(key: string, text: string): Callback | null {
  const found = /^(\d+)\n[^\n]*\n(.*)$/s.exec(text);
  if (found === null) return null;
  return { key, untilMs: Number(found[1]), caller: JSON.parse(found[2] ?? "") as CallbackCaller };
}
