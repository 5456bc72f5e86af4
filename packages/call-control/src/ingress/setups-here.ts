import type { CompiledTrunk } from "@tandem/domain";
import { headerValues } from "@tandem/sip";
import type { IncomingRequest } from "../ports/index.ts";
import { requestName } from "./request-facts.ts";

/** T1 (RFC 3261 §17.1.1.1), milliseconds: the copies of a forked request come closer together. */
const T1_MS = 500;

/** An INVITE and where it came from. */
export interface PlacedInvite {
  readonly request: IncomingRequest;
  /** The trunk it came by; null for a stranger. */
  readonly trunk: CompiledTrunk | null;
}

/** The call that an INVITE is set up as. */
export interface SetupHere extends PlacedInvite {
  readonly callId: string;
  /** When it came (epoch ms). */
  readonly atMs: number;
}

/** Calls being set up at this worker, by what all copies of their INVITE have in common. Calls whose INVITEs differ in the rest may have that in common, too: a fork of an emergency call is one of its own. */
export class SetupsHere {
  /** The one noted last stands last. */
  readonly #byName = new Map<string, Map<string, SetupHere>>();
  readonly #nameByCall = new Map<string, string>();

  note(setup: SetupHere): void {
    this.forget(setup.callId);
    const name = requestName(setup.request.message);
    const named = this.#byName.get(name);
    if (named === undefined) this.#byName.set(name, new Map([[setup.callId, setup]]));
    else named.set(setup.callId, setup);
    this.#nameByCall.set(setup.callId, name);
  }

  /** The last first. */
  find(message: IncomingRequest["message"]): readonly SetupHere[] {
    return [...(this.#byName.get(requestName(message))?.values() ?? [])].toReversed();
  }

  /** Copies of its INVITE are late from now on. */
  forget(callId: string): void {
    const name = this.#nameByCall.get(callId);
    if (name === undefined) return;
    this.#nameByCall.delete(callId);
    const named = this.#byName.get(name);
    named?.delete(callId);
    if (named?.size === 0) this.#byName.delete(name);
  }
}

/**
 * What the same INVITE has in common by whatever way its sender brings it (RFC 3263 §4.3): the request, where it comes from, and what the dialog is made of. One that differs in it cannot be
 * answered in the place of the other.
 */
export function likenessOf({ request, trunk }: PlacedInvite): string {
  const { message, pool, listener, source } = request;
  const made = ["Contact", "Record-Route"].flatMap((name) => message.getAll(name));
  const origin = trunk === null ? source.address : trunk.trunk.name;
  return [requestName(message), pool, listener, origin, ...made, message.body].join("\n");
}

/**
 * RFC 3261 §8.2.2.2: both left one place at once, by two proxies or more. Whoever makes a new way for a request (RFC 3263 §4.3) is the one whose Via stands on top; those below it stay.
 */
export function isFork(first: SetupHere, { request }: PlacedInvite, nowMs: number): boolean {
  const [one, other] = [first.request, request].map(({ message }) => headerValues(message, "Via").slice(1).join(","));
  return nowMs - first.atMs < T1_MS && one !== other;
}
