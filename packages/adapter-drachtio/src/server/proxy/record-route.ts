import { createHmac } from "node:crypto";
import { getParameter, headerAddresses, parseSipUri, type SipMessage } from "@tandem/sip";
import type { BoundListener } from "@tandem/sip-endpoint";
import { ownHostPort } from "../stock/own-address.ts";

/** Name of the URI parameter that proves that a Route is one of ours. */
const PROOF = "tdm";

/**
 * The Record-Route values of proxied calls. Each carries a proof made of the Call-ID and a key that all edges of a pool share, so that any of them
 * relays the call's later requests without state, and none is an open relay.
 */
export class RecordRoutes {
  readonly #key: Buffer;

  constructor(secret: string) {
    this.#key = createHmac("sha256", secret).update("record-route").digest();
  }

  /** Value of Record-Route for a call that arrived at this listener. */
  make(listener: BoundListener, callId: string): string {
    const transport = listener.transport === "udp" ? "" : `;transport=${listener.transport}`;
    return `<sip:${ownHostPort(listener)}${transport};lr;${PROOF}=${this.#proof(callId)}>`;
  }

  /** Whether the request's first Route is one of ours for this very call. */
  leadsHere(request: SipMessage): boolean {
    if (!request.has("Route")) return false;
    const first = headerAddresses(request, "Route")[0];
    const uri = first === undefined ? undefined : parseSipUri(first.uri);
    const proof = uri === undefined ? undefined : getParameter(uri.params, PROOF);
    return proof !== undefined && proof === this.#proof(request.get("Call-ID") ?? "");
  }

  #proof(callId: string): string {
    return createHmac("sha256", this.#key).update(callId, "latin1").digest("base64url").slice(0, 22);
  }
}
