import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { MediaRelay, RelayedState, RelayedWay } from "../ports/index.ts";

const AWAY: Failure = { code: "relay-unavailable", detail: "away" };
const UNKNOWN: Failure = { code: "relay-unavailable", detail: "unknown call" };

type Ask = Pick<RelayedWay, "relay" | "callId">;

/** Relays that live in memory: a description comes back with the relay's address and a port of its own in it. */
export class FakeMediaRelay implements MediaRelay {
  /** Relays that do not answer. */
  readonly away = new Set<string>();
  /** What was done, one line each: `offer a>b1`. */
  readonly done: string[] = [];
  /** Who speaks by a mixer: the packets of each. Every question for the state counts as one more for those whom it `carries`. */
  readonly spoken = new Map<string, number>();
  /** Of whom packets come. */
  readonly carries = new Set<string>();
  /** Whom those hear who do not hear their partner. */
  readonly instead = new Map<string, string>();
  readonly #calls = new Map<string, Set<string>>();
  readonly #ports = new Map<string, number>();
  #port = 30_000;

  answers(relay: string): Promise<boolean> {
    return Promise.resolve(!this.away.has(relay));
  }

  offer(way: RelayedWay, description: string): Promise<Result<string, Failure>> {
    return this.#asked(way, `offer ${way.from}>${way.to}`, () => {
      const known = this.#calls.get(keyOf(way)) ?? new Set();
      this.#calls.set(keyOf(way), known.add(way.from).add(way.to));
      return ok(this.#own(way, description));
    });
  }

  answer(way: RelayedWay, description: string): Promise<Result<string, Failure>> {
    return this.#asked(way, `answer ${way.from}>${way.to}`, () => {
      return this.#knows(way) ? ok(this.#own(way, description)) : err(UNKNOWN);
    });
  }

  copy(way: RelayedWay): Promise<Result<string, Failure>> {
    return this.#asked(way, `copy ${way.from}>${way.to}`, () => {
      if (!this.#knows(way)) return err(UNKNOWN);
      const head = ["v=0", "o=- 1 1 IN IP4 203.0.113.20", "s=-", "c=IN IP4 203.0.113.20", "t=0 0"];
      return ok([...head, `m=audio ${(this.#port += 2)} RTP/AVP 0`, "a=sendonly", ""].join("\r\n"));
    });
  }

  acceptCopy(way: RelayedWay, description: string): Promise<Result<void, Failure>> {
    const port = /m=audio (\d+)/.exec(description)?.[1] ?? "none";
    return this.#asked(way, `copying ${way.from}>${way.to}:${port}`, () =>
      this.#knows(way) ? ok(undefined) : err(UNKNOWN),
    );
  }

  endCopy(way: Omit<RelayedWay, "from">): Promise<Result<void, Failure>> {
    return this.#asked(way, `end copy ${way.to}`, () => {
      this.instead.delete(way.to);
      return this.#calls.has(keyOf(way)) ? ok(undefined) : err(UNKNOWN);
    });
  }

  speak(way: RelayedWay, description: string): Promise<Result<string, Failure>> {
    return this.#asked(way, `speak ${way.from}>${way.to}`, () => {
      return this.#knows({ ...way, from: way.to }) ? ok(this.#own(way, description)) : err(UNKNOWN);
    });
  }

  hearInstead(way: RelayedWay): Promise<Result<void, Failure>> {
    return this.#asked(way, `instead ${way.from}>${way.to}`, () => {
      if (!this.#knows({ ...way, from: way.to })) return err(UNKNOWN);
      this.instead.set(way.to, way.from);
      return ok(undefined);
    });
  }

  state(call: Ask): Promise<Result<RelayedState | null, Failure>> {
    if (this.away.has(call.relay)) return Promise.resolve(err(AWAY));
    const names = this.#calls.get(keyOf(call));
    if (names === undefined) return Promise.resolve(ok(null));
    for (const name of this.carries) this.spoken.set(name, (this.spoken.get(name) ?? 0) + 1);
    const told = [...names, ...this.spoken.keys()].map((name) => {
      const heard = this.instead.get(name);
      return [name, { hears: heard === undefined ? [] : [heard], packets: this.spoken.get(name) ?? 0 }] as const;
    });
    return Promise.resolve(ok(new Map(told)));
  }

  has(call: Ask): Promise<Result<boolean, Failure>> {
    return Promise.resolve(this.away.has(call.relay) ? err(AWAY) : ok(this.#calls.has(keyOf(call))));
  }

  release(call: Ask): Promise<Result<void, Failure>> {
    return this.#asked(call, "release", () => {
      this.#calls.delete(keyOf(call));
      return ok(undefined);
    });
  }

  /** The relays forget everything, as when they were started anew. */
  forget(): void {
    this.#calls.clear();
  }

  #asked<T>({ relay }: Ask, what: string, act: () => Result<T, Failure>): Promise<Result<T, Failure>> {
    if (this.away.has(relay)) return Promise.resolve(err(AWAY));
    this.done.push(what);
    return Promise.resolve(act());
  }

  #knows(way: RelayedWay): boolean {
    return this.#calls.get(keyOf(way))?.has(way.from) === true;
  }

  #own(way: RelayedWay, description: string): string {
    let stream = 0;
    return description
      .replace(/^c=.*$/gm, "c=IN IP4 203.0.113.20")
      .replace(
        /^m=audio \d+/gm,
        () => `m=audio ${this.#portFor(`${keyOf(way)} ${way.from}>${way.to} ${(stream += 1)}`)}`,
      );
  }

  /** The same way has the same port each time. */
  #portFor(stream: string): number {
    const port = this.#ports.get(stream) ?? (this.#port += 2);
    this.#ports.set(stream, port);
    return port;
  }
}

function keyOf({ relay, callId }: Ask): string {
  return `${relay} ${callId}`;
}
