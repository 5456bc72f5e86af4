import { trimBlanks } from "../characters.ts";
import { getParameter, hasParameter, parseParameters } from "./parameters.ts";

/** A Replaces value (RFC 3891): the dialog it names. */
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
  const semicolon = value.indexOf(";");
  if (semicolon < 1) return undefined;
  const callId = trimBlanks(value, 0, semicolon);
  const params = parseParameters(value, semicolon);
  const toTag = params === undefined ? undefined : getParameter(params, "to-tag");
  const fromTag = params === undefined ? undefined : getParameter(params, "from-tag");
  if (params === undefined || callId === "" || toTag === undefined || fromTag === undefined) return undefined;
  return { callId, toTag, fromTag, earlyOnly: hasParameter(params, "early-only") };
}

/** A Replaces value as text. */
export function formatReplaces(reference: DialogReference): string {
  const early = reference.earlyOnly ? ";early-only" : "";
  return `${reference.callId};to-tag=${reference.toTag};from-tag=${reference.fromTag}${early}`;
}
