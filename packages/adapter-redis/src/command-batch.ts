import type { RedisClient } from "./client-options.ts";

/** The part of a client's socket that is used here. */
interface Corkable {
  cork(): void;
  uncork(): void;
}

/**
 * Commands of one turn of the event loop become one write: on a busy connection a third of what a command costs at both ends. A lone command waits for
 * nothing but the end of the turn. The library's own automatic pipelines do the same for more than they save. A client that shows no socket (Cluster
 * has one per node) writes each command by itself.
 */
export class CommandBatch {
  readonly #client: RedisClient;
  #corked: Corkable | null = null;

  constructor(client: RedisClient) {
    this.#client = client;
  }

  /** To be called before a command is given to the client. */
  join(): void {
    if (this.#corked !== null) return;
    const stream = streamOf(this.#client);
    if (stream === null) return;
    this.#corked = stream;
    stream.cork();
    setImmediate(this.#release);
  }

  readonly #release = (): void => {
    this.#corked?.uncork();
    this.#corked = null;
  };
}

function streamOf(client: RedisClient): Corkable | null {
  const stream: unknown = "stream" in client ? client.stream : null;
  return typeof stream === "object" && stream !== null && "cork" in stream ? (stream as Corkable) : null;
}
