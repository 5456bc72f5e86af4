import type { SipMessage } from "@tandem/sip";
import type { StoredRequest, WaitingInvite } from "./hunt.ts";
import { hangUp } from "./hang-up.ts";
import { reasonsOf } from "./headers/reason.ts";
import { inviteFailureReply } from "./replies.ts";
import { EXPIRY_TIMER, startTimer, type Turn } from "./turn.ts";

/** Longer than anybody lets a phone ring, in seconds: what expires later is ended by the attempts' own timers. */
const LONGEST_S = 3_600;

/** After how many seconds an INVITE expires (RFC 3261 §13.3.1 no. 1, §20.19); null: not within an hour, or it does not say so. */
export function expiryS(invite: SipMessage): number | null {
  const value = invite.get("Expires")?.trim() ?? "";
  if (!/^\d{1,10}$/.test(value)) return null;
  const seconds = Number(value);
  return seconds <= LONGEST_S ? seconds : null;
}

/** The INVITE as it waits, with the time when it expires. */
export function withExpiry(caller: WaitingInvite, invite: SipMessage, nowMs: number): WaitingInvite {
  const seconds = expiryS(invite);
  return seconds === null ? caller : { ...caller, expiresAtMs: nowMs + seconds * 1000 };
}

/** An INVITE that is for help expires nowhere on its way either: whoever calls for help waits as long as he waits, and his CANCEL says when he does not. */
export function withoutExpiry(request: StoredRequest): StoredRequest {
  return { ...request, headers: request.headers.filter(([name]) => name.toLowerCase() !== "expires") };
}

/** Waits for the caller's INVITE to expire, where it does; again in a worker that goes on with the set-up. */
export function awaitExpiry(turn: Turn): void {
  const expiresAtMs = turn.call.caller?.expiresAtMs;
  if (expiresAtMs !== undefined) startTimer(turn, EXPIRY_TIMER, Math.max(0, expiresAtMs - turn.now));
}

/** RFC 3261 §13.3.1 no. 1: nobody answered in the time that the caller gives. An answer that only waits for PRACKs was given in time. */
export function onExpired(turn: Turn): void {
  const { call } = turn;
  const { caller, phase } = call;
  if (phase !== "setup" || caller?.expiresAtMs === undefined || caller.held !== null) return;
  const failure = "invite-expired";
  hangUp(turn, {
    except: null,
    bye: { headers: reasonsOf(failure), body: "" },
    end: { failure, endedBy: "system", q850: null },
    callerGets: inviteFailureReply(failure),
  });
}
