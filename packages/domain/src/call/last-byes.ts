import type { SipMessage } from "@tandem/sip";
import type { Call } from "./call.ts";
import { cseqOf, tagIn } from "./headers/values.ts";
import { parseOurTag } from "./identity.ts";

/**
 * What is left to know of a call that is over: by which BYEs its peers ended their dialogs, a line each; empty where none did. A dialog that our own BYE ended is not there any more. So the last
 * request in any other is the peer's BYE, or there is no BYE with its number.
 */
export function lastByes({ parties }: Call): string {
  const lines = parties.flatMap(({ id: party, role, dialogs }) =>
    dialogs
      .filter(({ ended, remoteCseq }) => !ended && remoteCseq > 0)
      .map(({ id, remoteCseq, remoteTag }) => lineOf(role === "uac" ? party : id, remoteCseq, remoteTag)),
  );
  return lines.join("\n");
}

/**
 * Whether the request is one of those that `lastByes` told of, once more: its sender got no answer, because the edge or the worker died with it. It gets the answer that it had; 481 is
 * for BYEs of dialogs that never were (RFC 3261 §15.1.2).
 */
export function isLastBye(known: string, request: SipMessage): boolean {
  const ours = parseOurTag(tagIn(request, "To"));
  if (request.method !== "BYE" || ours === null) return false;
  return known.split("\n").includes(lineOf(ours.dialog, cseqOf(request), tagIn(request, "From")));
}

function lineOf(dialog: string, cseq: number, remoteTag: string): string {
  return `${dialog} ${cseq} ${remoteTag}`;
}
