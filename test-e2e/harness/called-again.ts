import type { SipMessage } from "@tandem/sip";
import { until, type Arrived, type PeerAddressOf, type SipPeer } from "@tandem/testkit";
import { expect } from "vitest";

export const callIdOf = (call: SipMessage | Arrived): string | undefined =>
  "message" in call ? call.message.get("Call-ID") : call.get("Call-ID");

/** Its topmost Via as the called side knows it: without what the transport adds. */
export const top = (arrived: Arrived) => arrived.message.get("Via")?.split(";rport")[0] ?? "";

/**
 * The called side by the book (RFC 3261 §17.2.3, §8.2.2.2): what rings there goes on only by an INVITE with its very Via, which its transaction layer answers with the last
 * response again; what has any other rings a second time. An edge that takes longer to start again than it is waited for has another cancel the INVITE first. `since`: so many
 * messages had come again before.
 */
export async function goesOn(first: Arrived, since: number, called: SipPeer): Promise<Arrived> {
  const again = (): Arrived | undefined =>
    called.repeated.slice(since).find((one) => callIdOf(one) === callIdOf(first));
  const cancelled = (): boolean => called.untaken.some(({ message }) => message.method === "CANCEL");
  await until(() => again() !== undefined || cancelled(), { what: "what becomes of the INVITE at the called side" });
  const next = again() ?? (await called.expect("CANCEL", callIdOf(first)));
  expect(top(next)).toBe(top(first));
  if (next.message.method === "INVITE") return next;
  called.reply(next, 200);
  return called.expect("INVITE");
}

/** The caller's timer A: the INVITE again until something comes (RFC 3261 §17.1.1.2). */
export async function retransmit(caller: SipPeer, sent: SipMessage, to: PeerAddressOf, wanted: number): Promise<void> {
  const answered = (): boolean =>
    caller.untaken.some(({ message }) => message.status === wanted && message.get("Call-ID") === sent.get("Call-ID"));
  caller.send(sent, to);
  const again = (): boolean => {
    if (!answered()) caller.send(sent, to);
    return answered();
  };
  await until(again, { what: "an answer to the INVITE sent again", everyMs: 500 });
}

/** INVITEs that the called side got besides those that were taken. */
export const furtherCalls = (called: SipPeer): readonly Arrived[] =>
  called.untaken.filter(({ message }) => message.kind === "request" && message.method === "INVITE");
