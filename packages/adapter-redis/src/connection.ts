import { err, ok, type Failure, type Result } from "@tandem/domain";
import { AbsenceWatch } from "./absence-watch.ts";
import { CommandBatch } from "./command-batch.ts";
import { CommandDeadlines } from "./command-deadlines.ts";
import {
  createClient,
  createSentinelClients,
  nodeClients,
  type ClientLimits,
  type ClientPurpose,
  type RedisClient,
} from "./client-options.ts";
import { clusterKeys } from "./keys.ts";
import { PrimaryWatch } from "./primary-watch.ts";
import { primariesOf, primaryOf } from "./primaries.ts";
import { parseRedisUrl, type RedisTarget } from "./redis-url.ts";
import { outdatedVersion } from "./redis-version.ts";
import { defineScripts } from "./scripts.ts";
import { Subscriptions } from "./subscriptions.ts";
import { storeFailure, storeOverloaded, storeTimeout } from "./store-failure.ts";

export interface RedisConnectionOptions {
  /** A command without a reply fails after this long. Default 2 000. */
  readonly commandTimeoutMs?: number;
  /** Default 2 000. */
  readonly connectTimeoutMs?: number;
  /** Commands waiting for a reply or for a connection; more are refused at once. Default 10 000. */
  readonly maxWaiting?: number;
  /** Told of every command: its name, how long it took (milliseconds), whether it succeeded. For metrics. */
  readonly onCommand?: (name: string, ms: number, ok: boolean) => void;
  /** Told when the shared connection is lost and when it is back. For logs; the text holds no credentials. */
  readonly onState?: (state: "ready" | "lost", detail: string) => void;
  /** Told when a server turns out to be older than `OLDEST_REDIS`, with its version, and with null when none is any more. Asked each time the shared connection is made; nobody waits for it. */
  readonly onOutdated?: (version: string | null) => void;
  /**
   * Told when a primary is found to be away and when it is back or replaced (`away`: how many are), and with it every primary is asked for a sign of life all the while.
   * Absent: none counts as away.
   */
  readonly onAbsence?: (primary: string, isAway: boolean, away: number) => void;
}

/**
 * A process's way to Redis: one connection for everybody, and dedicated ones on demand.
 * Nothing here throws or rejects because of Redis; a command is over after its timeout at the latest, with `store-unavailable`.
 */
export interface RedisConnection {
  readonly kind: RedisTarget["kind"];
  /** Runs one command (or one atomic script) on the shared client, bounded in time and in number. */
  run<T>(name: string, command: (client: RedisClient) => Promise<T>): Promise<Result<T, Failure>>;
  /** A client of its own for commands that block at the server, for pub/sub, or for a queue library. Closed with the connection. */
  dedicated(purpose: Exclude<ClientPurpose, "commands">): RedisClient;
  /** Calls `listener` for every pub/sub message on the channel, on one connection shared by all channels; returns the end of it. */
  onMessage(channel: string, listener: () => void): () => void;
  /** Resolves once Redis answers, or with the last failure after `limitMs`. */
  ready(limitMs: number): Promise<Result<void, Failure>>;
  /** True while the primary that keeps the key has given no sign of life for some 300 ms. Commands are sent all the same. */
  isAway(key: string): boolean;
  /** Commands waiting now. */
  waiting(): number;
  close(): Promise<void>;
}

const READY_RETRY_MS = 50;

/** Opens a connection in the background. Fails only for a URL or TLS file that cannot be used (`configuration-invalid`). */
export function connectRedis(url: string, options: RedisConnectionOptions = {}): Result<RedisConnection, Failure> {
  const target = parseRedisUrl(url);
  if (!target.ok) return target;
  const commandTimeoutMs = options.commandTimeoutMs ?? 2_000;
  const limits: ClientLimits = {
    connectTimeoutMs: options.connectTimeoutMs ?? 2_000,
    silenceLimitMs: commandTimeoutMs + 500,
  };
  try {
    return ok(new SharedConnection(target.value, limits, { ...options, commandTimeoutMs }));
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : "";
    return err({ code: "configuration-invalid", detail: `Redis TLS files: ${reason}` });
  }
}

type BoundedOptions = RedisConnectionOptions & { readonly commandTimeoutMs: number };

class SharedConnection implements RedisConnection {
  readonly kind: RedisTarget["kind"];
  readonly #target: RedisTarget;
  readonly #limits: ClientLimits;
  readonly #maxWaiting: number;
  readonly #options: BoundedOptions;
  readonly #client: RedisClient;
  /** Null where no Sentinel tells of another primary. */
  readonly #watch: PrimaryWatch | null;
  /** Null where nobody wants to know. */
  readonly #absence: AbsenceWatch | null;
  readonly #batch: CommandBatch;
  /** Instead of the client's own timeout, which makes a timer for each command and does not cover those that wait for a Cluster's slot table. */
  readonly #deadlines: CommandDeadlines;
  readonly #dedicated = new Set<RedisClient>();
  readonly #subscriptions = new Subscriptions(() => this.dedicated("subscriber"));
  #waiting = 0;
  #outdated: string | null = null;

  constructor(target: RedisTarget, limits: ClientLimits, options: BoundedOptions) {
    this.kind = target.kind;
    this.#target = target;
    this.#limits = limits;
    this.#options = options;
    this.#maxWaiting = options.maxWaiting ?? 10_000;
    this.#watch = watchOf(target, limits);
    this.#client = this.#create("commands");
    defineScripts(this.#client);
    this.#batch = new CommandBatch(this.#client);
    this.#deadlines = new CommandDeadlines(options.commandTimeoutMs);
    this.#absence = this.#watchAbsence();
    this.#client.on("ready", () => options.onState?.("ready", ""));
    this.#client.on("ready", () => void this.#askVersion());
    this.#client.on("close", () => options.onState?.("lost", "connection closed"));
    this.#client.on("error", (error: unknown) => options.onState?.("lost", storeFailure("connect", error).detail));
  }

  waiting(): number {
    return this.#waiting;
  }

  isAway(key: string): boolean {
    return this.#absence?.isAway(primaryOf(this.#client, key)) ?? false;
  }

  run<T>(name: string, command: (client: RedisClient) => Promise<T>): Promise<Result<T, Failure>> {
    return this.#run(name, command, this.#options.onCommand);
  }

  #run<T>(
    name: string,
    command: (client: RedisClient) => Promise<T>,
    told: RedisConnectionOptions["onCommand"],
  ): Promise<Result<T, Failure>> {
    if (this.#waiting >= this.#maxWaiting) return Promise.resolve(err(storeOverloaded(name)));
    this.#waiting += 1;
    this.#batch.join();
    const startedMs = performance.now();
    return new Promise((resolve) => {
      const limitMs = this.#options.commandTimeoutMs;
      let over = false;
      const done = (result: Result<T, Failure>): void => {
        // The client may settle a command long after its time: when a connection that hangs is made again.
        if (over) return;
        over = true;
        deadline.met();
        this.#waiting -= 1;
        told?.(name, performance.now() - startedMs, result.ok);
        resolve(result);
      };
      const deadline = this.#deadlines.add(() => done(err(storeTimeout(name, limitMs))));
      start(this.#client, command).then(
        (value) => {
          done(ok(value));
        },
        (thrown: unknown) => {
          done(err(storeFailure(name, thrown)));
        },
      );
    });
  }

  dedicated(purpose: Exclude<ClientPurpose, "commands">): RedisClient {
    const client = this.#create(purpose);
    this.#dedicated.add(client);
    client.on("end", () => this.#dedicated.delete(client));
    // Without a listener the client would print; loss shows on the shared connection and in failed commands.
    client.on("error", () => undefined);
    return client;
  }

  onMessage(channel: string, listener: () => void): () => void {
    return this.#subscriptions.add(channel, listener);
  }

  async ready(limitMs: number): Promise<Result<void, Failure>> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const pong = await this.run("ready-check", (client) => client.get(clusterKeys.readyCheck));
      if (pong.ok) return ok(undefined);
      if (performance.now() >= deadline) return pong;
      await new Promise((resolve) => setTimeout(resolve, READY_RETRY_MS));
    }
  }

  /** Its questions are nobody's operations: they are not counted among them. */
  #watchAbsence(): AbsenceWatch | null {
    const { onAbsence } = this.#options;
    if (onAbsence === undefined) return null;
    const watch = new AbsenceWatch({
      primaries: () => primariesOf(this.#client),
      ask: async (key) => (await this.#run("sign-of-life", (client) => client.exists(key), undefined)).ok,
      onChange: onAbsence,
    });
    watch.start();
    return watch;
  }

  /** One that gives no answer, or may not be asked, is taken for what was known. */
  async #askVersion(): Promise<void> {
    const asked = await this.run("version", outdatedVersion);
    if (!asked.ok || asked.value === this.#outdated) return;
    this.#outdated = asked.value;
    this.#options.onOutdated?.(asked.value);
  }

  #create(purpose: ClientPurpose): RedisClient {
    const watch = this.#watch;
    const client = createClient(this.#target, {
      purpose,
      limits: this.#limits,
      ...(watch === null ? {} : { insteadOf: watch.insteadOf }),
    });
    watch?.add(client);
    return client;
  }

  close(): Promise<void> {
    this.#absence?.stop();
    this.#watch?.close();
    for (const client of [this.#client, ...this.#dedicated]) client.disconnect();
    return Promise.resolve();
  }
}

function watchOf(target: RedisTarget, limits: ClientLimits): PrimaryWatch | null {
  if (target.kind !== "sentinel") return null;
  return new PrimaryWatch(createSentinelClients(target, limits), target.master, nodeClients(target));
}

function start<T>(client: RedisClient, command: (client: RedisClient) => Promise<T>): Promise<T> {
  try {
    return command(client);
  } catch (thrown) {
    // The client refuses some commands by throwing instead of rejecting.
    return Promise.reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }
}
