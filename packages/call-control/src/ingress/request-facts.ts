import type { CompiledTrunk, EmergencyPlan, RequestFacts, UriFacts } from "@tandem/domain";
import { getParameter, parseNameAddr, parseUri, readTag, topVia, userParts, type SipMessage } from "@tandem/sip";
import type { IdentityHash, IncomingRequest } from "../ports/index.ts";
import { callerAddress } from "./caller-address.ts";

const UNREADABLE: UriFacts = { scheme: "other", user: "", host: "", phoneContext: null };

/** The parts of a Request-URI that decisions look at. A URI that cannot be read counts as one of an unknown scheme. */
export function uriFacts(text: string): UriFacts {
  const uri = parseUri(text);
  switch (uri?.kind) {
    case "sip": {
      const { name, params } = userParts(uri.user ?? "");
      // RFC 4967, RFC 3261 §19.1.6: phone-context stands in the user part of a URI made from a tel URI; some peers write it after the host.
      const context = getParameter(params, "phone-context") ?? getParameter(uri.params, "phone-context");
      return { scheme: uri.scheme, user: name, host: uri.host, phoneContext: context ?? null };
    }
    case "tel":
      return {
        scheme: "tel",
        user: uri.number,
        host: "",
        phoneContext: getParameter(uri.params, "phone-context") ?? null,
      };
    case "urn":
      return { scheme: "urn", user: `urn:${uri.namespace}:${uri.specific}`, host: "", phoneContext: null };
    default:
      return UNREADABLE;
  }
}

/** What the decision needs to know of a request; `callId` spreads weighted choices. */
export function requestFacts(
  request: IncomingRequest,
  trunk: CompiledTrunk | null,
  { callId, plan }: { readonly callId: string; readonly plan: EmergencyPlan },
): RequestFacts {
  const { message, pool, listener } = request;
  const from = parseNameAddr(message.get("From") ?? "");
  return {
    ingressTrunk: trunk?.trunk.name ?? null,
    pool,
    listener,
    requestUri: uriFacts(message.uri),
    callingNumber: from === undefined ? "" : uriFacts(from.uri).user,
    callId,
    priorityHeader: message.get("Priority") ?? null,
    callerAddress: callerAddress(request, trunk !== null, plan),
  };
}

/**
 * The call id of an INVITE, and of the CANCEL for it, which carries the same values (RFC 3261 §9.1): Call-ID, From tag, CSeq number, branch and
 * sent-by of the top Via, Request-URI. The same in every worker, whichever edge the request came through.
 */
export function callIdOf(message: SipMessage, hash: IdentityHash): string {
  const via = topVia(message);
  const sentBy = via === undefined ? "" : `${via.host}:${via.port ?? ""}`;
  return hash(`${requestName(message)}\n${via?.branch ?? ""}\n${sentBy}`);
}

/** What two deliveries of one request have in common whatever way they took (RFC 3261 §8.2.2.2), the Request-URI included. */
export function requestName(message: SipMessage): string {
  const cseq = /^\d*/.exec(message.get("CSeq") ?? "")?.[0] ?? "";
  return [message.get("Call-ID") ?? "", readTag(message.get("From") ?? "") ?? "", cseq, message.uri].join("\n");
}
