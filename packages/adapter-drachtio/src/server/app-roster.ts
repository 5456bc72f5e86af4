import { LEAVE } from "../wire/app-frame.ts";
import type { Application } from "./application.ts";

/** Verb that stands for every method. */
const EVERY_METHOD = "*";

/** The applications connected and what each wants, with a turn per verb. */
export class AppRoster {
  readonly #sessions = new Set<Application>();
  /** Workers that stand aside: connected, and without the routes they had. */
  readonly #aside = new Set<Application>();
  readonly #routes = new Map<string, Application[]>();
  /** Workers that bring their INVITEs to another edge when this one closes. */
  readonly #movers = new Set<Application>();
  readonly #turns = new Map<string, number>();

  /** Authenticated applications. */
  get size(): number {
    return this.#sessions.size;
  }

  /** True while somebody takes new requests of some method, or answers them for want of anybody else. */
  get serves(): boolean {
    return this.#routes.size + this.#aside.size > 0;
  }

  get sessions(): ReadonlySet<Application> {
    return this.#sessions;
  }

  add(session: Application): void {
    this.#sessions.add(session);
  }

  remove(session: Application): void {
    for (const verb of this.#routes.keys()) this.#unroute(session, verb);
    this.#sessions.delete(session);
    this.#aside.delete(session);
    this.#movers.delete(session);
  }

  /** Whether the worker brings its INVITEs to another edge when this one closes. */
  moves(session: Application): boolean {
    return this.#movers.has(session);
  }

  /** Registers a verb. A second registration changes nothing: drachtio-srf repeats all its routes whenever one is added. */
  route(session: Application, verb: string): void {
    if (verb === LEAVE) return void this.#movers.add(session);
    const routed = this.#routes.get(verb) ?? [];
    if (!routed.includes(session)) this.#routes.set(verb, [...routed, session]);
    this.#aside.delete(session);
  }

  /** Withdraws that verb only. A worker that takes nothing any more stands aside: it still answers when nobody else is there. */
  withdraw(session: Application, verb: string): void {
    if (verb === LEAVE) return void this.#movers.delete(session);
    this.#unroute(session, verb);
    if (session.octets && !this.#routesAny(session)) this.#aside.add(session);
  }

  #unroute(session: Application, verb: string): void {
    const left = (this.#routes.get(verb) ?? []).filter((each) => each !== session);
    if (left.length > 0) this.#routes.set(verb, left);
    else this.#routes.delete(verb);
  }

  /**
   * Next application for a new request of the method: the one in this process, else in turn, else a worker that stands aside, which serves emergency calls and refuses
   * the others in due form; undefined when none is there.
   */
  next(method: string): Application | undefined {
    return this.#nextRouted(method) ?? this.#inTurn("aside", [...this.#aside]);
  }

  /** Next worker that stands aside and does not stand still. */
  nextAside(): Application | undefined {
    return this.#inTurn(
      "aside",
      [...this.#aside].filter((session) => !session.still),
    );
  }

  #nextRouted(method: string): Application | undefined {
    const verb = method.toLowerCase();
    const exact = this.#routes.get(verb);
    const all = this.#routes.get(EVERY_METHOD);
    if (exact === undefined) return this.#inTurn(EVERY_METHOD, all);
    return this.#inTurn(verb, all === undefined ? exact : [...new Set([...exact, ...all])]);
  }

  /**
   * Next application in turn for a request of a dialog whose owner is unknown or gone: one that routes the method, else one that keeps
   * its own dialogs (even if it takes no new ones), else one that takes calls at all. One that stands still comes after those that do not.
   */
  nextForDialog(method: string): Application | undefined {
    const routed = this.#nextRouted(method);
    if (routed?.still === false) return routed;
    const sessions = [...this.#sessions];
    const keepers = sessions.filter((session) => session.octets);
    const awake = keepers.filter((session) => !session.still);
    if (awake.length > 0) return this.#inTurn("dialog", awake);
    if (routed !== undefined) return routed;
    if (keepers.length > 0) return this.#inTurn("dialog", keepers);
    return this.#inTurn("dialog", this.#routes.get("invite") ?? sessions.filter((session) => this.#routesAny(session)));
  }

  #routesAny(session: Application): boolean {
    return [...this.#routes.values()].some((routed) => routed.includes(session));
  }

  #inTurn(verb: string, candidates: readonly Application[] | undefined): Application | undefined {
    if (candidates === undefined || candidates.length === 0) return undefined;
    const local = candidates.find((candidate) => candidate.local);
    if (local !== undefined) return local;
    const turn = (this.#turns.get(verb) ?? 0) + 1;
    this.#turns.set(verb, turn);
    const awake = candidates.filter((candidate) => !candidate.still);
    return awake.length > 0 ? awake[turn % awake.length] : candidates[turn % candidates.length];
  }
}
