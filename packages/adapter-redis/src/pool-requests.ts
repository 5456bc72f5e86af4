import { randomUUID } from "node:crypto";
import type { Unwatch } from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { AwaitedReplies } from "./awaited-replies.ts";
import { popUntilEnded } from "./blocking-list.ts";
import type { RedisConnection } from "./connection.ts";
import { runScript } from "./scripts.ts";

/** How long beyond the request's own timeout its answer is waited for. */
const ANSWER_MARGIN_MS = 1_500;
/** Requests a pool without workers can pile up; those that nobody waits for any more are the first to go. */
const MOST_WAITING = 1_000;
const REPLY_LIFE_MS = 30_000;

/** What a request to a pool's workers says in any case. */
export interface PoolRequest {
  readonly id: string;
  readonly pool: string;
  readonly timeoutMs: number;
}

/** Where requests of one kind lie, and what they are called among Redis operations and in failures. */
export interface PoolRequestPlace {
  readonly noun: string;
  readonly requestsKey: (pool: string) => string;
  readonly repliesKey: (asker: string) => string;
}

/** Requests from any process to one worker of a pool, and its reply back. */
export interface PoolRequests<Request extends PoolRequest, Reply extends { readonly id: string }> {
  request(request: Request): Promise<Result<Reply, Failure>>;
  serve(pool: string, act: (request: Request) => Promise<Reply>): Promise<Result<Unwatch, Failure>>;
}

/** A request as it stands in the pool's list. */
interface Posted<Request> {
  readonly request: Request;
  readonly replyTo: string;
  /** Epoch milliseconds after which nobody waits for the result. */
  readonly uselessAfterMs: number;
}

/**
 * A list per pool: popping hands each request to exactly one worker. The result comes back through a list of the asking process.
 * A request that no worker took or answered in time fails with `worker-lost`; that says nothing about what was asked.
 */
export function createPoolRequests<Request extends PoolRequest, Reply extends { readonly id: string }>(
  connection: RedisConnection,
  place: PoolRequestPlace,
  now: () => number,
): PoolRequests<Request, Reply> {
  const replyTo = place.repliesKey(randomUUID());
  const replies = new AwaitedReplies<Reply>(() => connection.dedicated("blocking"), replyTo);
  const lists = new PoolLists<Request, Reply>(connection, place);
  return {
    async request(request) {
      const waitMs = request.timeoutMs + ANSWER_MARGIN_MS;
      const posted: Posted<Request> = { request, replyTo, uselessAfterMs: now() + waitMs };
      const answer = replies.expect(request.id, waitMs);
      const sent = await lists.post(posted);
      if (!sent.ok) {
        replies.forget(request.id);
        return sent;
      }
      const result = await answer;
      if (result !== null) return ok(result);
      await lists.withdraw(posted);
      return err({ code: "worker-lost", detail: `no worker of the pool answered the ${place.noun} request` });
    },

    serve(pool, act) {
      const end = popUntilEnded(connection.dedicated("blocking"), place.requestsKey(pool), (text) => {
        const posted = JSON.parse(text) as Posted<Request>;
        if (posted.uselessAfterMs > now()) void lists.answer(posted, act);
      });
      return Promise.resolve(ok(end));
    },
  };
}

class PoolLists<Request extends PoolRequest, Reply> {
  readonly #connection: RedisConnection;
  readonly #place: PoolRequestPlace;

  constructor(connection: RedisConnection, place: PoolRequestPlace) {
    this.#connection = connection;
    this.#place = place;
  }

  async post(posted: Posted<Request>): Promise<Result<void, Failure>> {
    const { noun, requestsKey } = this.#place;
    const key = requestsKey(posted.request.pool);
    const length = await this.#connection.run(`post-${noun}`, (client) => client.rpush(key, JSON.stringify(posted)));
    if (!length.ok) return length;
    if (length.value > MOST_WAITING) {
      await this.#connection.run(`trim-${noun}s`, (client) => client.ltrim(key, -MOST_WAITING, -1));
    }
    return ok(undefined);
  }

  /** Best effort: a worker that takes it after all drops it as useless. */
  async withdraw(posted: Posted<Request>): Promise<void> {
    const { noun, requestsKey } = this.#place;
    const key = requestsKey(posted.request.pool);
    await this.#connection.run(`withdraw-${noun}`, (client) => client.lrem(key, 1, JSON.stringify(posted)));
  }

  async answer(posted: Posted<Request>, act: (request: Request) => Promise<Reply>): Promise<void> {
    const result = await act(posted.request);
    await this.#connection.run(`answer-${this.#place.noun}`, (client) =>
      runScript(client, "answer-probe", [posted.replyTo, JSON.stringify(result), REPLY_LIFE_MS]),
    );
  }
}
