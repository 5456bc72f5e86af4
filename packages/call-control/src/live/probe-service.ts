import { legProfile, sipCallIdOf, tagOf, type LegProfile } from "@tandem/domain";
import { buildRequest, type SipMessage } from "@tandem/sip";
import type {
  Clock,
  IdentityHash,
  ProbeExchange,
  ProbeRequest,
  ProbeResult,
  SipPort,
  Telemetry,
} from "../ports/index.ts";
import { PoolService } from "./pool-service.ts";
import type { TopologyInForce } from "./topology-in-force.ts";

export interface ProbeParts {
  readonly sip: SipPort;
  readonly clock: Clock;
  readonly hash: IdentityHash;
  readonly probes: ProbeExchange;
  readonly telemetry: Telemetry;
  readonly topology: TopologyInForce;
}

/** Sends OPTIONS over trunks of the own pool when the controller asks (RFC 3261 §11). */
export class ProbeService {
  readonly #parts: ProbeParts;
  /** Takes them from the controller. */
  readonly service: PoolService;

  constructor(parts: ProbeParts) {
    this.#parts = parts;
    this.service = new PoolService({
      clock: parts.clock,
      telemetry: parts.telemetry,
      what: "probes",
      serve: (pool) => parts.probes.serve(pool, (request) => this.probe(request)),
    });
  }

  /** One OPTIONS; any final response proves that the peer is there. Always resolves, within the request's time. */
  probe(request: ProbeRequest): Promise<ProbeResult> {
    const { topology, clock, sip, hash } = this.#parts;
    const profile = topology.current === null ? null : legProfile(request.trunk, topology.current.snapshot);
    const startedMs = clock.now();
    return new Promise((resolve) => {
      const end = (outcome: ProbeResult["outcome"], code: number | null): void => {
        cancel();
        resolve({ id: request.id, trunk: request.trunk, outcome, code, roundTripMs: clock.now() - startedMs });
      };
      const cancel = clock.after(request.timeoutMs, () => end("timeout", null));
      if (profile === null) return end("unreachable", null);
      const message = optionsTo(profile, hash(`probe\n${request.id}`));
      const { pool, listener, nextHop } = profile;
      const events = {
        onResponse: ({ status }: SipMessage): void => {
          if (status >= 200) end("answered", status);
        },
        onFailure: ({ code }: { readonly code: string }): void =>
          end(code === "peer-timeout" ? "timeout" : "unreachable", null),
      };
      void sip
        .sendRequest({ message, pool, listener, nextHop, preferredEdge: null, timeoutMs: request.timeoutMs }, events)
        .then((sent) => (sent.ok ? undefined : end("unreachable", null)));
    });
  }
}

function optionsTo(profile: LegProfile, id: string): SipMessage {
  const { contactHost, peerHost } = profile;
  return buildRequest({
    method: "OPTIONS",
    uri: `sip:${peerHost}`,
    headers: [
      ["Max-Forwards", "70"],
      ["From", `<sip:${contactHost}>;tag=${tagOf(id, "b1")}`],
      ["To", `<sip:${peerHost}>`],
      ["Call-ID", sipCallIdOf(id, "b1")],
      ["CSeq", "1 OPTIONS"],
      ["Contact", `<sip:${contactHost};transport=${profile.transport}>`],
      ["Accept", "application/sdp"],
    ],
  });
}
