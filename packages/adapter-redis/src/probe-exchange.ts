import { randomUUID } from "node:crypto";
import type { ProbeExchange, ProbeRequest, ProbeResult } from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { AwaitedReplies } from "./awaited-replies.ts";
import { popUntilEnded } from "./blocking-list.ts";
import type { RedisConnection } from "./connection.ts";
import { probeRepliesKey, probeRequestsKey } from "./keys.ts";
import { runScript } from "./scripts.ts";

/** How long beyond the probe's own timeout its answer is waited for. */
const ANSWER_MARGIN_MS = 1_500;
/** Requests a pool without workers can pile up; those that nobody waits for any more are the first to go. */
const MOST_WAITING = 1_000;
const REPLY_LIFE_MS = 30_000;

/** A request as it stands in the pool's list. */
interface Posted {
  readonly request: ProbeRequest;
  readonly replyTo: string;
  /** Epoch milliseconds after which nobody waits for the result. */
  readonly uselessAfterMs: number;
}

/**
 * A list per pool: popping hands each request to exactly one worker. The result comes back through a list of the asking process.
 * A request that no worker took or answered in time fails with `worker-lost`; that says nothing about the trunk.
 */
export function createProbeExchange(connection: RedisConnection, now: () => number = Date.now): ProbeExchange {
  const replyTo = probeRepliesKey(randomUUID());
  const replies = new AwaitedReplies<ProbeResult>(() => connection.dedicated("blocking"), replyTo);
  return {
    async request(probe) {
      const waitMs = probe.timeoutMs + ANSWER_MARGIN_MS;
      const posted: Posted = { request: probe, replyTo, uselessAfterMs: now() + waitMs };
      const answer = replies.expect(probe.id, waitMs);
      const sent = await post(connection, posted);
      if (!sent.ok) {
        replies.forget(probe.id);
        return sent;
      }
      const result = await answer;
      if (result !== null) return ok(result);
      await withdraw(connection, posted);
      return err({ code: "worker-lost", detail: "no worker of the pool answered the probe request" });
    },

    serve(pool, probe) {
      const end = popUntilEnded(connection.dedicated("blocking"), probeRequestsKey(pool), (text) => {
        const posted = JSON.parse(text) as Posted;
        if (posted.uselessAfterMs > now()) void answerWith(connection, posted, probe);
      });
      return Promise.resolve(ok(end));
    },
  };
}

async function post(connection: RedisConnection, posted: Posted): Promise<Result<void, Failure>> {
  const key = probeRequestsKey(posted.request.pool);
  const length = await connection.run("post-probe", (client) => client.rpush(key, JSON.stringify(posted)));
  if (!length.ok) return length;
  if (length.value > MOST_WAITING) {
    await connection.run("trim-probes", (client) => client.ltrim(key, -MOST_WAITING, -1));
  }
  return ok(undefined);
}

/** Best effort: a worker that takes it after all drops it as useless. */
async function withdraw(connection: RedisConnection, posted: Posted): Promise<void> {
  const key = probeRequestsKey(posted.request.pool);
  await connection.run("withdraw-probe", (client) => client.lrem(key, 1, JSON.stringify(posted)));
}

async function answerWith(
  connection: RedisConnection,
  posted: Posted,
  probe: (request: ProbeRequest) => Promise<ProbeResult>,
): Promise<void> {
  const result = await probe(posted.request);
  await connection.run("answer-probe", (client) =>
    runScript(client, "answer-probe", [posted.replyTo, JSON.stringify(result), REPLY_LIFE_MS]),
  );
}
