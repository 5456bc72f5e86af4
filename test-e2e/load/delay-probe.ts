import { setTimeout as delay } from "node:timers/promises";
import { SipPeer } from "@tandem/testkit";
import { SDP, session } from "../harness/scripted-call.ts";

/** What the element adds to the time from INVITE to ringing, milliseconds. */
export interface Delays {
  readonly calls: number;
  readonly lost: number;
  readonly p50: number;
  readonly p99: number;
}

/** Calls of a probe: `rate` a second for so many seconds. */
export interface ProbeRun {
  /** UDP port of the element. */
  readonly port: number;
  /** Default 999. */
  readonly number?: string;
  readonly rate: number;
  readonly seconds: number;
}

/**
 * Places calls of its own beside the load, caller and callee in one process with one clock: the time from the INVITE's leaving to its arrival plus
 * that of the 180, without whatever the callee takes.
 */
export class DelayProbe {
  readonly #caller: SipPeer;
  readonly #callee: SipPeer;
  #samples: number[] = [];
  #lost = 0;

  private constructor(caller: SipPeer, callee: SipPeer) {
    this.#caller = caller;
    this.#callee = callee;
  }

  static async open(): Promise<DelayProbe> {
    return new DelayProbe(await SipPeer.open({ patienceMs: 3_000 }), await SipPeer.open({ patienceMs: 3_000 }));
  }

  /** Where the element must send calls to 999. */
  get port(): number {
    return this.#callee.port;
  }

  /** Places `rate` calls a second for so long and waits for the last. */
  async run({ port, number = "999", rate, seconds }: ProbeRun): Promise<Delays> {
    this.#samples = [];
    this.#lost = 0;
    const calls: Promise<void>[] = [];
    for (let placed = 0; placed < rate * seconds; placed += 1) {
      calls.push(this.#call(port, number));
      await delay(1_000 / rate);
    }
    await Promise.all(calls);
    const sorted = this.#samples.toSorted((one, other) => one - other);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
    return { calls: calls.length, lost: this.#lost, p50: at(0.5), p99: at(0.99) };
  }

  async close(): Promise<void> {
    await Promise.all([this.#caller.close(), this.#callee.close()]);
  }

  async #call(port: number, number: string): Promise<void> {
    const marker = this.#caller.unique("probe");
    const to = { address: "127.0.0.1", port };
    try {
      const sentMs = performance.now();
      const invite = this.#caller.request("INVITE", to, {
        uri: `sip:${number}@127.0.0.1:${port}`,
        callId: marker,
        headers: [["Subject", marker], SDP],
        body: session(1),
      });
      const arrived = await this.#callee.expect(
        (message) => message.method === "INVITE" && message.get("Subject") === marker,
      );
      const arrivedMs = performance.now();
      this.#callee.reply(arrived, 180);
      const repliedMs = performance.now();
      await this.#caller.expect((message) => message.status === 180 && message.get("Call-ID") === marker);
      this.#samples.push(arrivedMs - sentMs + performance.now() - repliedMs);
      this.#callee.reply(arrived, 200, { headers: [SDP], body: session(2) });
      const answer = await this.#caller.expect(
        (message) => message.status === 200 && message.get("Call-ID") === marker,
      );
      const dialog = this.#caller.dialogAsCaller(invite, answer);
      dialog.ack();
      dialog.request("BYE");
      const called = arrived.message.get("Call-ID");
      const bye = await this.#callee.expect((message) => message.method === "BYE" && message.get("Call-ID") === called);
      this.#callee.reply(bye, 200);
      await this.#caller.expect((message) => message.get("CSeq") === "2 BYE" && message.get("Call-ID") === marker);
    } catch {
      this.#lost += 1;
    }
  }
}
