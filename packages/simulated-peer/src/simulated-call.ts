import { setTimeout as delay } from "node:timers/promises";
import { buildRequest, headerAddresses, parseNameAddr, readTag, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { SimulatedGateway } from "./simulated-gateway.ts";

/** A call the simulated core places. */
export interface SimulatedCall {
  /** Dialled number, user part of the Request-URI. */
  readonly number: string;
  readonly caller: string;
  /** `host:port` of the pool's listener. */
  readonly target: string;
  /** Default: UDP. */
  readonly transport?: "udp" | "tcp";
  readonly callId: string;
  readonly headers: readonly HeaderLine[];
  readonly contentType: string;
  readonly body: string;
  /** Time between answer and BYE, milliseconds. */
  readonly holdMs: number;
}

/** How it ended for the caller. */
export interface SimulatedCallResult {
  /** Final status of the INVITE; 408 when none came. */
  readonly status: number;
  /** Final status of the BYE; null when there was none to send. */
  readonly byeStatus: number | null;
}

/** Places a call, holds it, ends it. Never rejects because of what the network does. */
export async function placeCall(core: SimulatedGateway, call: SimulatedCall): Promise<SimulatedCallResult> {
  const invite = inviteOf(core, call);
  const final = await exchange(core, invite, `sip:${call.target}${call.transport === "tcp" ? ";transport=tcp" : ""}`);
  if (final === null || final.status >= 300) return { status: final?.status ?? 408, byeStatus: null };
  const dialog = dialogOf(invite, final);
  await core.endpoint.sendAck({ message: dialog.request("ACK", 1), listener: null, nextHop: null });
  await delay(call.holdMs);
  const ended = await exchange(core, dialog.request("BYE", 2), null);
  return { status: final.status, byeStatus: ended?.status ?? 408 };
}

function inviteOf(core: SimulatedGateway, call: SimulatedCall): SipMessage {
  const here = `${core.address}:${core.port}`;
  return buildRequest({
    method: "INVITE",
    uri: `sip:${call.number}@${call.target}`,
    headers: [
      ["Max-Forwards", "70"],
      ["From", `<sip:${call.caller}@${here}>;tag=core-${call.callId}`],
      ["To", `<sip:${call.number}@${call.target}>`],
      ["Call-ID", call.callId],
      ["CSeq", "1 INVITE"],
      ["Contact", `<sip:${call.caller}@${here}>`],
      ...call.headers,
      ["Content-Type", call.contentType],
    ],
    body: call.body,
  });
}

/** @returns The final response; null when none came. */
function exchange(core: SimulatedGateway, message: SipMessage, nextHop: string | null): Promise<SipMessage | null> {
  return new Promise((resolve) => {
    core.endpoint.request(
      { message, listener: null, nextHop },
      {
        onResponse: ({ message: response }) => {
          if (response.status >= 200) resolve(response);
        },
        onFailure: () => resolve(null),
      },
    );
  });
}

interface Dialog {
  request(method: "ACK" | "BYE", cseq: number): SipMessage;
}

/** The caller's dialog after a 2xx (RFC 3261 §12.1.2): remote target from Contact, route set from Record-Route reversed. */
function dialogOf(invite: SipMessage, answer: SipMessage): Dialog {
  const contact = parseNameAddr(answer.get("Contact") ?? "");
  const routes = headerAddresses(answer, "Record-Route").toReversed();
  const to = `${invite.get("To") ?? ""};tag=${readTag(answer.get("To") ?? "") ?? ""}`;
  return {
    request: (method, cseq) =>
      buildRequest({
        method,
        uri: contact?.uri ?? invite.uri,
        headers: [
          ["Max-Forwards", "70"],
          ...routes.map(({ uri }): HeaderLine => ["Route", `<${uri}>`]),
          ["From", invite.get("From") ?? ""],
          ["To", to],
          ["Call-ID", invite.get("Call-ID") ?? ""],
          ["CSeq", `${cseq} ${method}`],
        ],
      }),
  };
}
