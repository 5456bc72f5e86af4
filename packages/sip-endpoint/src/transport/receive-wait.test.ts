import { expect, test } from "vitest";
import type { Clock } from "../timers/clock.ts";
import type { DatagramNetwork, DatagramReceiver } from "./datagram-network.ts";
import { ReceiveWait } from "./receive-wait.ts";

const LOOK_MS = 50;

/** A socket that gets what it sends itself `waitMs` later, and a clock that the test moves on. */
class Loop {
  readonly wait = new ReceiveWait();
  readonly heard: string[] = [];
  readonly sentTo: string[] = [];
  waitMs = 0;
  #nowMs = 0;
  #tick: () => void = () => undefined;
  #queue: { readonly text: string; readonly atMs: number }[] = [];
  #receiver: DatagramReceiver = { onDatagram: () => undefined, onError: () => undefined };

  async open(address: string) {
    const clock: Clock = {
      now: () => 0,
      monotonic: () => this.#nowMs,
      every: (_periodMs, tick) => {
        this.#tick = tick;
        return () => (this.#tick = () => undefined);
      },
    };
    const network: DatagramNetwork = {
      bind: (_options, receiver) => {
        this.#receiver = receiver;
        return Promise.resolve({
          address,
          port: 5060,
          receiveBufferBytes: 0,
          send: (text, target) => {
            this.sentTo.push(`${target.address}:${target.port}`);
            this.#queue.push({ text, atMs: this.#nowMs + this.waitMs });
          },
          close: () => Promise.resolve(),
        });
      },
    };
    const receiver: DatagramReceiver = {
      onDatagram: (bytes) => this.heard.push(bytes.toString("latin1")),
      onError: () => undefined,
    };
    return this.wait.over(network, clock).bind({ address, port: 5060, bufferBytes: 0 }, receiver);
  }

  look(times: number): void {
    for (let time = 0; time < times; time += 1) {
      this.#nowMs += LOOK_MS;
      const due = this.#queue.filter(({ atMs }) => atMs <= this.#nowMs);
      this.#queue = this.#queue.filter(({ atMs }) => atMs > this.#nowMs);
      for (const { text } of due) this.arrive(text);
      this.#tick();
    }
  }

  arrive(text: string): void {
    this.#receiver.onDatagram(Buffer.from(text, "latin1"), "192.0.2.1", 5060);
  }

  get lastProbe(): string {
    return this.#queue.at(-1)?.text ?? "";
  }
}

test("a queue that stands is seen, and seen to be gone", async () => {
  const loop = new Loop();
  await loop.open("192.0.2.7");
  loop.look(5);
  loop.waitMs = 400;
  loop.look(20);
  expect(loop.wait.ms).toBe(400 - LOOK_MS);
  loop.waitMs = 0;
  loop.look(20);
  expect(loop.wait.ms).toBe(0);
  expect(loop.heard).toEqual([]);
});

test("what peers send goes on, also what looks like a probe and is none", async () => {
  const loop = new Loop();
  await loop.open("192.0.2.7");
  loop.look(1);
  const forged = loop.lastProbe.replace(/[0-9a-f]/, (digit) => (digit === "0" ? "1" : "0"));
  for (const text of ["OPTIONS sip:a SIP/2.0\r\n\r\n", "\r\n\r\n", "\0", forged]) loop.arrive(text);
  expect(loop.heard).toEqual(["OPTIONS sip:a SIP/2.0\r\n\r\n", "\r\n\r\n", "\0", forged]);
});

test.each([
  ["0.0.0.0", "127.0.0.1:5060"],
  ["::", "::1:5060"],
  ["192.0.2.7", "192.0.2.7:5060"],
])("a socket bound to %s reaches itself at %s", async (address, target) => {
  const loop = new Loop();
  await loop.open(address);
  loop.look(1);
  expect(loop.sentTo).toEqual([target]);
});

test("a closed socket says nothing any more", async () => {
  const loop = new Loop();
  const socket = await loop.open("192.0.2.7");
  loop.waitMs = 400;
  loop.look(20);
  await socket.close();
  expect(loop.wait.ms).toBe(0);
});
