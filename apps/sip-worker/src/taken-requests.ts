import type { DrachtioSipPort } from "@tandem/adapter-drachtio/client";

/** The way requests come in, as the SIP port offers it. */
type Offers = Pick<DrachtioSipPort, "pause" | "resume">;

/**
 * Whether the edges offer this worker new requests as they offer them to others. It stands aside for two reasons that know nothing of each other, while it has no topology, when it could
 * only refuse what another worker would serve, and while it drains; where no other worker is, it answers all the same.
 */
export class TakenRequests {
  readonly #offers: Offers;
  #hasTopology = false;
  #drains = false;

  /** Stands aside from the beginning: the first topology ends that. */
  constructor(offers: Offers) {
    this.#offers = offers;
    // Whether others are there nobody can tell yet. A server that needs to be told loses nothing by it: this worker could serve no call.
    offers.pause(true);
  }

  /** A topology is in force. */
  topology(): void {
    if (this.#hasTopology) return;
    this.#hasTopology = true;
    if (!this.#drains) this.#offers.resume();
  }

  /** Stands aside until `resume`; `others`: some other worker of the pool takes calls. */
  pause(others: boolean): void {
    this.#drains = true;
    this.#offers.pause(others);
  }

  /** The drain is over. */
  resume(): void {
    this.#drains = false;
    if (this.#hasTopology) this.#offers.resume();
  }
}
