import { legProfile, type Failure, type LegProfile, type Result } from "@tandem/domain";
import type { SipMessage } from "@tandem/sip";
import type {
  ClientTransaction,
  Clock,
  Errand,
  ErrandResult,
  IdentityHash,
  SipPort,
  Telemetry,
  WorkerErrands,
} from "../ports/index.ts";
import { acknowledgementOf, byeOf, requestOf } from "./errand-messages.ts";
import { PoolService } from "./pool-service.ts";
import type { TopologyInForce } from "./topology-in-force.ts";

export interface ErrandParts {
  readonly sip: SipPort;
  readonly clock: Clock;
  readonly hash: IdentityHash;
  readonly errands: WorkerErrands;
  readonly telemetry: Telemetry;
  readonly topology: TopologyInForce;
}

/** Sends for the controller what only workers can send: notifications by MESSAGE, and what the heartbeat walks emergency paths with. */
export class ErrandService {
  readonly #parts: ErrandParts;
  /** Takes them from the controller. */
  readonly service: PoolService;

  constructor(parts: ErrandParts) {
    this.#parts = parts;
    this.service = new PoolService({
      clock: parts.clock,
      telemetry: parts.telemetry,
      what: "errands",
      serve: (pool) => parts.errands.serve(pool, (errand) => this.run(errand)),
    });
  }

  /** Always resolves, within the errand's time. A test call that was answered is acknowledged and ended at once. */
  run(errand: Errand): Promise<ErrandResult> {
    const { topology, clock, hash, sip } = this.#parts;
    const profile = topology.current === null ? null : legProfile(errand.trunk, topology.current.snapshot);
    const startedMs = clock.now();
    return new Promise((resolve) => {
      const end = (outcome: ErrandResult["outcome"], code: number | null): void => {
        cancel();
        resolve({ id: errand.id, outcome, code, roundTripMs: clock.now() - startedMs });
      };
      let sent: Promise<Result<ClientTransaction, Failure>> | null = null;
      const cancel = clock.after(errand.timeoutMs, () => {
        end("timeout", null);
        // A test call that nobody answers in time; one that is answered all the same is ended then.
        if (errand.task.kind === "test-call")
          void sent?.then((got) => (got.ok ? sip.cancel(got.value, []) : undefined));
      });
      if (profile === null) return end("unreachable", null);
      const message = requestOf(errand.task, profile, hash(`errand\n${errand.id}`));
      sent = this.#send(message, { profile, timeoutMs: errand.timeoutMs, end });
      return undefined;
    });
  }

  async #send(message: SipMessage, { profile, timeoutMs, end }: Sending): Promise<Result<ClientTransaction, Failure>> {
    const { sip } = this.#parts;
    const { pool, listener, nextHop } = profile;
    const limit = message.method === "INVITE" ? {} : { timeoutMs };
    const events = {
      onResponse: (response: SipMessage): void => {
        if (response.status < 200) return;
        if (message.method === "INVITE" && response.status < 300) this.#hangUp(message, response, profile);
        end("answered", response.status);
      },
      onFailure: ({ code }: { readonly code: string }): void =>
        end(code === "peer-timeout" ? "timeout" : "unreachable", null),
    };
    const sent = await sip.sendRequest({ message, pool, listener, nextHop, preferredEdge: null, ...limit }, events);
    if (!sent.ok) end("unreachable", null);
    return sent;
  }

  /** RFC 3261 §13.2.2.4: every 2xx gets its ACK, also one that comes too late for anybody, and then its BYE. */
  #hangUp(invite: SipMessage, response: SipMessage, profile: LegProfile): void {
    const { sip } = this.#parts;
    const { pool, listener } = profile;
    const way = { pool, listener, nextHop: null, preferredEdge: null };
    const silent = { onResponse: () => undefined, onFailure: () => undefined };
    void sip
      .sendRequest({ ...way, message: acknowledgementOf(invite, response) }, silent)
      .then(() => sip.sendRequest({ ...way, message: byeOf(invite, response) }, silent));
  }
}

interface Sending {
  readonly profile: LegProfile;
  readonly timeoutMs: number;
  readonly end: (outcome: ErrandResult["outcome"], code: number | null) => void;
}
