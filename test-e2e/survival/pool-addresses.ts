import { parseSipUri } from "@tandem/sip";
import type { PeerAddressOf } from "@tandem/testkit";

/** An edge that left a request without a word is passed over for so long (ms). */
const AVOID_MS = 2_000;

/**
 * The addresses behind the pool's name, as a peer with an RFC 3263 resolver and a quick look for the living uses them: a request goes to one that was not
 * silent lately, and each repetition to the next, as behind an address that moves.
 */
export class PoolAddresses {
  readonly #name: string;
  readonly #hosts: readonly string[];
  readonly #silentUntil = new Map<string, number>();
  readonly #withdrawn = new Set<string>();
  #turn = 0;

  constructor(name: string, hosts: readonly string[]) {
    this.#name = name;
    this.#hosts = hosts;
  }

  /** Where a transmission of a request for `uri` goes; `last` is where the one before went, null for the first. */
  next(uri: string, last: PeerAddressOf | null): PeerAddressOf {
    const parsed = parseSipUri(uri);
    const host = parsed?.host ?? "127.0.0.1";
    const port = parsed?.port ?? 5060;
    if (host !== this.#name) return { address: host, port };
    if (last !== null) this.#silentUntil.set(last.address, Date.now() + AVOID_MS);
    return { address: this.#choose(last), port };
  }

  /** The name does not lead there for a while. */
  withdraw(address: string): void {
    this.#withdrawn.add(address);
  }

  restore(address: string): void {
    this.#withdrawn.delete(address);
  }

  /** A message came from there. */
  heard(address: string): void {
    this.#silentUntil.delete(address);
  }

  #choose(last: PeerAddressOf | null): string {
    const nowMs = Date.now();
    const listed = this.#hosts.filter((host) => !this.#withdrawn.has(host));
    const others = listed.filter((host) => host !== last?.address);
    const awake = others.filter((host) => (this.#silentUntil.get(host) ?? 0) <= nowMs);
    const pick = awake.length > 0 ? awake : others.length > 0 ? others : listed;
    this.#turn += 1;
    return pick[this.#turn % pick.length] ?? this.#name;
  }
}
