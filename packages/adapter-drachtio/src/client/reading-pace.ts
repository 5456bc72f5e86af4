import type { Readable } from "node:stream";

/** What is read of one connection in a turn of the event loop: some fifty frames. */
const MOST_OCTETS = 65_536;
/** A read below this brought all that waited: it is not counted, because a look at the turn's end costs an idle loop another round. */
const FEW_OCTETS = 4_096;

/**
 * Bounds what one turn of the event loop reads of a connection. Where much waits the system's reads follow each other, two megabytes a turn, and with a call in every kilobyte that is seconds
 * without a timer, an answer of the store or anything from another connection: nobody sees the queue, and all of its calls are begun.
 */
export class ReadingPace {
  readonly #connection: Readable;
  readonly #take: (chunk: Buffer) => void;
  #octets = 0;

  /** @param take gets all that comes, in its order; `rest` ends it */
  constructor(connection: Readable, take: (chunk: Buffer) => void) {
    this.#connection = connection;
    this.#take = take;
    connection.on("data", this.#read);
  }

  /** The connection is lost: what was read of it and waited for its turn is taken now, and nothing after it. */
  rest(): void {
    const connection = this.#connection;
    connection.off("data", this.#read);
    for (let chunk: Buffer | null = connection.read(); chunk !== null; chunk = connection.read()) this.#take(chunk);
  }

  readonly #read = (chunk: Buffer): void => {
    if (chunk.length >= FEW_OCTETS) this.#count(chunk.length);
    this.#take(chunk);
  };

  #count(octets: number): void {
    if (this.#octets === 0) setImmediate(this.#turn);
    const before = this.#octets;
    this.#octets += octets;
    if (before < MOST_OCTETS && this.#octets >= MOST_OCTETS) this.#connection.pause();
  }

  readonly #turn = (): void => {
    const wasPaused = this.#octets >= MOST_OCTETS;
    this.#octets = 0;
    if (wasPaused) this.#connection.resume();
  };
}
