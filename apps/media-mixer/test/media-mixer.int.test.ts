import { createSocket, type Socket } from "node:dgram";
import { createMixerClient } from "@tandem/adapter-rtpengine";
import { freePort, until } from "@tandem/testkit";
import { describeMediaMixer, valueOf } from "@tandem/testkit/contracts";
import { afterEach, describe, expect, it, vi } from "vitest";
import { answerCommand, openControl } from "../src/control.ts";
import { MediaMixer } from "../src/media-mixer.ts";
import { writeRtp } from "../src/rtp-packet.ts";

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function mixerWith(ports: number, maxConferences = 10): Promise<MediaMixer> {
  const portMin = await freePort();
  const options = { host: "127.0.0.1", advertised: "127.0.0.1", portMin, portMax: portMin + ports - 1, maxConferences };
  const mixer = new MediaMixer(options);
  closing.push(() => mixer.close());
  return mixer;
}

async function socket(): Promise<Socket> {
  const made = createSocket("udp4");
  await new Promise<void>((resolve) => void made.bind(0, "127.0.0.1", resolve));
  closing.push(() => new Promise<void>((resolve) => void made.close(resolve)));
  return made;
}

function client() {
  const made = createMixerClient();
  closing.push(() => made.close());
  return made;
}

async function served(mixer: MediaMixer): Promise<string> {
  const control = await openControl(mixer, { host: "127.0.0.1", port: 0 });
  closing.push(() => new Promise<void>((resolve) => void control.close(resolve)));
  return `127.0.0.1:${control.address().port}`;
}

describe("a mixer and its client", () => {
  describeMediaMixer(async () => ({
    subject: client(),
    another: client,
    mixer: await served(await mixerWith(20)),
    silent: `127.0.0.1:${(await socket()).address().port}`,
    elapse: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));

  it("hears who sends from where it was told, and nobody else", async () => {
    const mixer = await mixerWith(20);
    const [media, call] = [client(), { mixer: await served(mixer), callId: "c" }];
    const [a, b, stranger] = await Promise.all([socket(), socket(), socket()]);
    const ports = valueOf(await media.open(call, ["a", "b"]));
    const voice = (of: Socket) => {
      const at = { address: "127.0.0.1", port: of.address().port };
      return { to: at, from: at, hears: { 0: "PCMU" }, says: { 0: "PCMU" } } as const;
    };
    valueOf(
      await media.connect(
        call,
        new Map([
          ["a", voice(a)],
          ["b", voice(b)],
        ]),
      ),
    );
    const got: number[] = [];
    b.on("message", (packet) => void got.push(...packet.subarray(12)));
    let sequence = 0;
    const say = (from: Socket, value: number): void => {
      sequence += 1;
      const payload = new Uint8Array(160).fill(value);
      const packet = writeRtp({ payloadType: 0, marker: false, sequence, timestamp: sequence * 160, ssrc: 1, payload });
      from.send(packet, ports.get("a")?.port ?? 9, "127.0.0.1");
    };
    await until(() => (say(stranger, 0x10), mixer.counts.discarded > 0), { what: "the stranger's packet let go" });
    expect(valueOf(await media.heard(call))).toEqual([]);
    await until(() => (say(a, 0x20), got.includes(0x20)), { what: "a heard by b" });
    expect(got).not.toContain(0x10);
    expect(valueOf(await media.heard(call))).toEqual(["a"]);
  });

  it("takes no more calls than it may, and none for which there is no port", async () => {
    const mixer = await mixerWith(20, 1);
    expect((await mixer.open("one", ["a"]))?.size).toBe(1);
    expect(await mixer.open("two", ["a"])).toBeNull();
    mixer.release("one");
    expect((await mixer.open("two", ["a"]))?.size).toBe(1);
    expect(await (await mixerWith(1)).open("three", ["a", "b"])).toBeNull();
  });

  it("keeps nothing of a call for which there is no port at all", async () => {
    const mixer = await mixerWith(2);
    expect((await mixer.open("one", ["a"]))?.size).toBe(1);
    expect(await mixer.open("two", ["a"])).toBeNull();
    expect([mixer.counts.conferences, mixer.heard("two")]).toEqual([1, null]);
  });

  it("forgets a call of which nobody speaks for five minutes", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    closing.push(() => void vi.useRealTimers());
    const mixer = await mixerWith(20);
    await mixer.open("orphan", ["a"]);
    await vi.advanceTimersByTimeAsync(299_000);
    expect(mixer.counts.conferences).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(mixer.counts.conferences).toBe(0);
  });

  it("gives one call no more ports than a call needs, however often it is asked", async () => {
    const mixer = await mixerWith(40);
    const asked = Array.from({ length: 12 }, (_, at) => mixer.open("one", [`v${at}`]));
    expect((await Promise.all(asked)).filter((ports) => ports !== null)).toHaveLength(8);
  });

  it.each([
    ["nothing", null],
    ["no command", {}],
    ["another command", { command: "reboot" }],
    ["no call", { command: "open", voices: ["a"] }],
    ["too many voices", { command: "open", "call-id": "c", voices: Array.from({ length: 9 }, (_, at) => `v${at}`) }],
    ["no address", { command: "connect", "call-id": "c", voices: { a: { to: 1, from: 1, hears: {}, says: {} } } }],
  ])("refuses %s", async (_, command) => {
    expect(await answerCommand(await mixerWith(20), command)).toMatchObject({ result: "error" });
  });
});
