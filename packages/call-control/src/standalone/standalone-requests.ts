import { attemptPlans, unknownOptions } from "@tandem/domain";
import type { LiveViews } from "../live/live-state.ts";
import type { TopologyInForce } from "../live/topology-in-force.ts";
import type { Clock, IdentityHash, IncomingRequest, SipPort, Telemetry } from "../ports/index.ts";
import { decideRequest, ingressProfile, ingressTrunk } from "../ingress/arrival.ts";
import { requestName } from "../ingress/request-facts.ts";
import type { StatelessAnswers } from "../ingress/stateless-answers.ts";
import { Relay } from "./relay.ts";

export interface StandaloneParts {
  readonly topology: TopologyInForce;
  readonly live: LiveViews;
  readonly answers: StatelessAnswers;
  readonly sip: SipPort;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly hash: IdentityHash;
}

/** Requests forwarded at once; more are refused. Each lives half a minute at most. */
const MOST_RELAYS = 5_000;

/**
 * OPTIONS, MESSAGE and NOTIFY out of a dialog. OPTIONS is answered here: a peer asks us with it whether the trunk is alive, whatever name it puts before our
 * address, and must not be told how somebody behind another trunk is. The others are decided like a call and forwarded without a record, with
 * failover while nobody answered: the state of one transaction dies with it anyway.
 */
export class StandaloneRequests {
  readonly #parts: StandaloneParts;
  #relays = 0;

  constructor(parts: StandaloneParts) {
    this.#parts = parts;
  }

  take(request: IncomingRequest): void {
    const { answers, topology, live } = this.#parts;
    const inForce = topology.current;
    if (inForce === null) return answers.refuse(request, "not-ready");
    const trunk = ingressTrunk(request, inForce);
    if (request.message.method === "OPTIONS") {
      if (trunk === null) return answers.refuse(request, "unknown-source");
      // A peer that probes us shall send its calls elsewhere while we drain. Under load it shall not: emergency calls are served, and ordinary ones are told when to come again.
      const { closed } = live;
      if (closed !== null) return answers.refuse(request, closed);
      const unknown = unknownOptions(request.message);
      return unknown.length > 0 ? this.#unsupported(request, unknown) : answers.capabilities(request);
    }
    const id = this.#parts.hash(`relay\n${requestName(request.message)}`);
    const view = live.forNew(id, request.transaction.edge);
    const decision = decideRequest(request, trunk, id, { inForce, live: view });
    if (trunk !== null && decision.kind !== "emergency") live.countOrdinary();
    if (decision.kind === "reject") return answers.refuse(request, decision.failure);
    const ingress = ingressProfile(request, trunk, inForce);
    if (ingress === null) return answers.refuse(request, "unknown-source");
    const unknown = decision.kind === "emergency" ? [] : unknownOptions(request.message);
    if (unknown.length > 0) return this.#unsupported(request, unknown);
    if (this.#relays >= MOST_RELAYS && decision.kind !== "emergency") return answers.refuse(request, "overload");
    this.#relays += 1;
    const plans = attemptPlans(decision, inForce.snapshot);
    const emergency = decision.kind === "emergency";
    const done = (): void => void (this.#relays -= 1);
    new Relay({ request, ingress, plans, emergency, id }, this.#parts, done).begin();
  }

  /** RFC 3261 §8.2.2.3. */
  #unsupported(request: IncomingRequest, options: readonly string[]): void {
    this.#parts.answers.refuse(request, "unsupported-extension", [["Unsupported", options.join(", ")]]);
  }
}
