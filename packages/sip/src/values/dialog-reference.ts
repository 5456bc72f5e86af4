import { trimBlanks } from "../characters.ts";
import { getParameter, hasParameter, parseParameters } from "./parameters.ts";

/** A Replaces (RFC 3891) or Target-Dialog (RFC 4538) value: the dialog it names. */
export interface DialogReference {
  readonly callId: string;
  /** Tag of the receiver of the message. */
  readonly toTag: string;
  /** Tag of the other side; `0` also matches a missing one (RFC 3891 §3). */
  readonly fromTag: string;
  /** RFC 3891 §3: only an early dialog may be replaced. */
  readonly earlyOnly: boolean;
}

/** Reads Replaces. A value from a Refer-To URI must be unescaped first (`uriHeader` does). */
export function parseReplaces(value: string): DialogReference | undefined {
  return parseReference(value, "to-tag", "from-tag");
}

/** Reads Target-Dialog: the tags are named from the sender's side (RFC 4538 §7). */
export function parseTargetDialog(value: string): DialogReference | undefined {
  return parseReference(value, "local-tag", "remote-tag");
}

/** A Replaces value as text. */
export function formatReplaces(reference: DialogReference): string {
  const early = reference.earlyOnly ? ";early-only" : "";
  return `${reference.callId};to-tag=${reference.toTag};from-tag=${reference.fromTag}${early}`;
}

function parseReference(value: string, toName: string, fromName: string): DialogReference | undefined {
  const semicolon = value.indexOf(";");
  if (semicolon < 1) return undefined;
  const callId = trimBlanks(value, 0, semicolon);
  const params = parseParameters(value, semicolon);
  const toTag = params === undefined ? undefined : getParameter(params, toName);
  const fromTag = params === undefined ? undefined : getParameter(params, fromName);
  if (params === undefined || callId === "" || toTag === undefined || fromTag === undefined) return undefined;
  return { callId, toTag, fromTag, earlyOnly: hasParameter(params, "early-only") };
}
