import { attemptPlans, composePidf, decide, type Effect } from "../../src/index.ts";
import { ANSWER, CallRig } from "../call/call-rig.ts";
import { factsFor, snapshotOf } from "../topology-fixture.ts";
import { topologyOf, viewOf, type World } from "./any-world.ts";

const OUR_LOCATION = composePidf({
  entity: "sip:+12065550100@tandem.example",
  civic: { country: "US", a3: "Albany" },
  method: "Default",
  provider: null,
  atMs: 0,
});

/** Plays gateways, gate and clock for one call until it is answered or over. */
export class World911 {
  readonly rig = new CallRig();
  readonly #world: World;
  readonly #timers = new Map<string, number>();
  readonly #inbox: (() => readonly Effect[])[] = [];
  /** Legs that ring or are answered and were not given up. */
  readonly live = new Set<string>();
  mostLive = 0;

  constructor(world: World) {
    this.#world = world;
  }

  play(): void {
    const snapshot = snapshotOf(topologyOf(this.#world));
    const facts = factsFor(this.#world.number, this.#world.stranger ? { ingressTrunk: null } : {});
    const decision = decide(facts, snapshot, viewOf(this.#world));
    if (decision.kind !== "emergency") throw new Error(`decided ${decision.kind}`);
    this.#take(
      this.rig.invite({ attempts: attemptPlans(decision, snapshot), emergency: { addedLocation: OUR_LOCATION } }),
    );
    for (let step = 0; step < 1_000 && this.rig.call.phase === "setup"; step += 1) this.#take(this.#next());
  }

  /** What happens next: a message if there is one, else the timer that is due first. */
  #next(): readonly Effect[] {
    const message = this.#inbox.shift();
    if (message !== undefined) return message();
    const [first] = [...this.#timers].sort(([, left], [, right]) => left - right);
    if (first === undefined) throw new Error("nothing will ever happen to this call");
    const [timer, atMs] = first;
    this.#timers.delete(timer);
    return this.rig.event({ kind: "timer", timer }, Math.max(0, atMs - this.rig.now));
  }

  #take(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "start-timer") this.#timers.set(effect.timer, this.rig.now + effect.afterMs);
      if (effect.kind === "stop-timer") this.#timers.delete(effect.timer);
      if (effect.kind === "cancel") this.live.delete(effect.exchange);
      if (effect.kind === "seize") this.#seize(effect.trunk);
      if (effect.kind === "send" && effect.request.method === "INVITE") this.#invited(effect);
    }
  }

  #seize(trunkName: string): void {
    const { gate } = this.#world;
    if (gate === "never answers") return;
    this.#inbox.push(() => this.rig.event({ kind: "seized", trunk: trunkName, result: gate }));
  }

  #invited(sent: Extract<Effect, { kind: "send" }>): void {
    const party = this.rig.call.parties.find(({ id }) => sent.exchange.startsWith(`${id}-`));
    const manner = this.#world.trunks[Number(party?.profile.trunk.slice(1))]?.manner;
    const say = (status: number): void => {
      const options = status >= 200 && status < 300 ? { body: ANSWER } : {};
      this.#inbox.push(() => {
        if (status > 100 && status < 300) this.live.add(sent.exchange);
        if (status >= 300) this.live.delete(sent.exchange);
        this.mostLive = Math.max(this.mostLive, this.live.size);
        return this.rig.answer(sent, status, options);
      });
    };
    if (manner === "says 100 and no more") say(100);
    else if (manner === "rings for ever") say(180);
    else if (manner === "answers") say(200);
    else if (manner === "rings, then answers") [100, 180, 200].forEach(say);
    else if (typeof manner === "number") say(manner);
    else if (manner === "refuses a location, else answers") {
      say(sent.request.get("Content-Type") === "application/sdp" ? 200 : 415);
    } else if (manner === "fails in TLS") {
      this.#inbox.push(() => this.rig.event({ kind: "no-response", exchange: sent.exchange, failure: "tls-failure" }));
    }
  }
}
