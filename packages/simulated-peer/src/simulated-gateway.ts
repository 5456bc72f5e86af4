import { err, ok, type Result } from "@tandem/domain";
import { parseMessage, responseTo, type SipMessage } from "@tandem/sip";
import {
  createEndpoint,
  type Endpoint,
  type EndpointStartFailure,
  type ListenerConfig,
  type ServerTransaction,
  type TracedMessage,
} from "@tandem/sip-endpoint";
import type { SeenMessage } from "./seen-message.ts";
import { audioSession } from "./session-description.ts";

/** What a simulated gateway does with calls. */
export type Behaviour =
  /** Rings, answers, and waits for the other side's BYE. */
  | "answers"
  /** 503 to every call, as a carrier without a free circuit does. */
  | "refuses";

export interface SimulatedGatewayOptions {
  /** The gateway's name in the topology. */
  readonly name: string;
  readonly address: string;
  /** It listens there for UDP and TCP: a request too large for UDP comes over TCP (RFC 3261 §18.1.1). */
  readonly port: number;
  readonly behaviour: Behaviour;
  onMessage(seen: SeenMessage): void;
}

/** A peer outside the cluster, played in this process. */
export interface SimulatedGateway {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly endpoint: Endpoint;
  /** Clears its sockets; never rejects. */
  close(): Promise<void>;
}

const METHODS = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, MESSAGE";

/** Binds the gateway's port and serves until closed. The error names what could not be bound. */
export async function startSimulatedGateway(
  options: SimulatedGatewayOptions,
): Promise<Result<SimulatedGateway, EndpointStartFailure>> {
  const { name, address, port } = options;
  const listeners = (["udp", "tcp"] as const).map((transport): ListenerConfig => ({
    name: transport,
    transport,
    address,
    port,
  }));
  const trace = (traced: TracedMessage): void => {
    const parsed = parseMessage(traced.text);
    if (!parsed.ok) return;
    const direction = traced.direction === "sent" ? "to-tandem" : "from-tandem";
    const { atMs, transport } = traced;
    options.onMessage({ atMs, peer: name, direction, transport, message: parsed.value });
  };
  const endpoint = await createEndpoint(
    { listeners, trace },
    {
      onRequest: (transaction, { message }) => answer(transaction, message, options),
      onAck: () => undefined,
      onCancel: () => undefined,
      onAckTimeout: () => undefined,
      onResponseLost: () => undefined,
    },
  );
  if (!endpoint.ok) return err(endpoint.error);
  return ok({ name, address, port, endpoint: endpoint.value, close: () => endpoint.value.close() });
}

function answer(transaction: ServerTransaction, request: SipMessage, options: SimulatedGatewayOptions): void {
  const headers = [["Contact", `<sip:${options.address}:${options.port}>`]] as const;
  const toTag = `${options.name}-${transaction.id.slice(-8)}`;
  if (request.method !== "INVITE") {
    transaction.respond(responseTo(request, 200, { toTag, headers: [["Allow", METHODS]] }));
    return;
  }
  if (options.behaviour === "refuses") {
    transaction.respond(responseTo(request, 503, { toTag, headers: [["Reason", 'Q.850;cause=34;text="no circuit"']] }));
    return;
  }
  const session = audioSession(options.address, options.port);
  const described = [...headers, ["Content-Type", "application/sdp"], ["Allow", METHODS]] as const;
  transaction.respond(responseTo(request, 180, { toTag, headers }));
  transaction.respond(responseTo(request, 200, { toTag, headers: described, body: session }));
}
