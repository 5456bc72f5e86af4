import { createSocket, type Socket } from "node:dgram";
import { createRtpengine, type Rtpengine } from "@tandem/adapter-rtpengine";
import { RtpPhone, startRtpengine, undisturbed, until, whyNoRtpengine, type RtpengineFixture } from "@tandem/testkit";
import { describeMediaRelay, valueOf } from "@tandem/testkit/contracts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const missing = whyNoRtpengine();
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A port where nothing answers. */
async function listener(onMessage: (datagram: Buffer, from: number, socket: Socket) => void): Promise<string> {
  const socket = createSocket("udp4");
  socket.on("message", (datagram, { port }) => onMessage(datagram, port, socket));
  await new Promise<void>((resolve) => void socket.bind(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => void socket.close(() => resolve())));
  return `127.0.0.1:${socket.address().port}`;
}

function client(): Rtpengine {
  const made = createRtpengine();
  closing.push(() => made.close());
  return made;
}

async function phone(): Promise<RtpPhone> {
  const made = await RtpPhone.open();
  closing.push(async () => made[Symbol.asyncDispose]());
  return made;
}

// Where rtpengine is not to be had (no Debian package), nothing here can be shown.
describe.skipIf(missing !== null)(`rtpengine${missing === null ? "" : ` (${missing})`}`, () => {
  let engine: RtpengineFixture;
  beforeAll(async () => {
    engine = await startRtpengine();
  });
  afterAll(async () => {
    await engine?.kill();
  });

  describeMediaRelay(async () => ({
    subject: client(),
    another: client,
    relay: engine.control,
    silent: await listener(() => undefined),
    elapse: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));

  it("copies what each of the two says to a third, and goes on between the two when the third is gone", async () => {
    const media = client();
    const [a, b, deskA, deskB] = await Promise.all([phone(), phone(), phone(), phone()]);
    const call = { relay: engine.control, callId: "rtp" };
    const toB = valueOf(await media.offer({ ...call, from: "a", to: "b1" }, a.description()));
    const toA = valueOf(await media.answer({ ...call, from: "b1", to: "a" }, b.description()));
    for (const [from, desk] of [
      ["a", deskA],
      ["b1", deskB],
    ] as const) {
      const copy = { ...call, from, to: `desk-${from}` };
      valueOf(await media.copy(copy));
      valueOf(await media.acceptCopy(copy, desk.description("recvonly")));
    }
    const talk = (): void => {
      a.say(1, toA);
      b.say(2, toB);
    };
    await until(() => (talk(), deskA.heard.has(1) && deskB.heard.has(2)), { what: "both at the desk" });
    for (const from of ["a", "b1"]) valueOf(await media.endCopy({ ...call, to: `desk-${from}` }));
    a.heard.clear();
    b.heard.clear();
    await until(() => (talk(), a.heard.has(2) && b.heard.has(1)), { what: "the two each other" });
    expect([...a.heard, ...b.heard]).toEqual([2, 1]);
  });

  it("copies to a third who takes fewer formats than he is offered (RFC 3264 §6.1)", async () => {
    const media = client();
    const [a, b, desk] = await Promise.all([phone(), phone(), phone()]);
    const call = { relay: engine.control, callId: "fewer" };
    valueOf(await media.offer({ ...call, from: "a", to: "b1" }, a.description("sendrecv", [0, 8, 101])));
    const toA = valueOf(await media.answer({ ...call, from: "b1", to: "a" }, b.description("sendrecv", [0, 8, 101])));
    const copy = { ...call, from: "a", to: "desk" };
    expect(valueOf(await media.copy(copy))).toMatch(/RTP\/AVP 0 8 101/);
    valueOf(await media.acceptCopy(copy, desk.description("recvonly", [8])));
    await until(() => (a.say(1, toA), desk.heard.size > 0), { what: "the caller at the desk" });
    expect([...desk.formats]).toEqual([8]);
  });
});

describe("an ng client", () => {
  it("repeats a lost command with the same cookie, and takes one answer", async () => {
    const cookies: string[] = [];
    const relay = await listener((datagram, port, socket) => {
      const [cookie = ""] = datagram.toString().split(" ");
      cookies.push(cookie);
      if (cookies.length > 1) socket.send(`${cookie} {"result":"pong"}`, port, "127.0.0.1");
    });
    expect(await client().answers(relay, 2_000)).toBe(true);
    expect(new Set(cookies).size).toBe(1);
  });

  it.each([
    ["no dictionary", "x"],
    ["an error", '{"result":"error","error-reason":"out of ports"}'],
    ["no description", '{"result":"ok"}'],
    ["a description that is none", '{"result":"ok","sdp":7}'],
  ])("takes %s for a failure", async (_, answer) => {
    const relay = await listener((datagram, port, socket) => {
      socket.send(`${datagram.toString().split(" ")[0] ?? ""} ${answer}`, port, "127.0.0.1");
    });
    const offered = await client().offer({ relay, callId: "c", from: "a", to: "b1" }, "v=0\r\n");
    expect(offered).toMatchObject({ ok: false, error: { code: "relay-unavailable" } });
  });

  it.each(["0", "70000", "x", ""])("takes a relay at port %j for one that does not answer", async (port) => {
    expect(await client().answers(`127.0.0.1:${port}`, 150)).toBe(false);
  });

  it("takes a relay whose name has no address for one that does not answer", async () => {
    expect(await client().answers("relay.invalid:22222", 150)).toBe(false);
  });

  it("asks a relay by name, and hears it", async () => {
    const relay = await listener((datagram, port, socket) => {
      socket.send(`${datagram.toString().split(" ")[0] ?? ""} {"result":"pong"}`, port, "127.0.0.1");
    });
    expect(await client().answers(relay.replace("127.0.0.1", "localhost"), 2_000)).toBe(true);
  });

  it("takes an answer that lay there when the limit passed, since this process stood still", async () => {
    const limitMs = 2_500;
    let stood = false;
    const relay = await listener((datagram, port, socket) => {
      const answer = `${datagram.toString().split(" ")[0] ?? ""} {"result":"pong"}`;
      // Sent and in the client's socket, which nobody reads until the limit is long over.
      socket.send(answer, port, "127.0.0.1", () => {
        if (!stood) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, limitMs + 100);
        stood = true;
      });
    });
    expect(await client().answers(relay, limitMs)).toBe(true);
    expect(stood).toBe(true);
  });

  it("believes no answer from elsewhere", async () => {
    const stranger = createSocket("udp4");
    closing.push(() => new Promise((resolve) => void stranger.close(() => resolve())));
    const relay = await listener((datagram, port) => {
      stranger.send(`${datagram.toString().split(" ")[0] ?? ""} {"result":"pong"}`, port, "127.0.0.1");
    });
    expect(await client().answers(relay, 200)).toBe(false);
  });

  it("gives every command a cookie that the one before does not tell", async () => {
    const cookies: string[] = [];
    const relay = await listener((datagram, port, socket) => {
      const [cookie = ""] = datagram.toString().split(" ");
      cookies.push(cookie);
      socket.send(`${cookie} {"result":"pong"}`, port, "127.0.0.1");
    });
    const media = client();
    for (const _ of [1, 2]) expect(await media.answers(relay, 2_000)).toBe(true);
    const [first = "", second = ""] = cookies;
    expect(Array.from(first).filter((digit, at) => digit === second[at]).length).toBeLessThan(first.length / 2);
  });

  it.each([
    ["pong", '{"result":"pong"}', true],
    ["an error", '{"result":"error","error-reason":"loading"}', false],
    ["another result", '{"result":"ok"}', false],
    ["no dictionary", "x", false],
  ])("takes %s for an answer to ping, or not", async (_, answer, alive) => {
    const relay = await listener((datagram, port, socket) => {
      socket.send(`${datagram.toString().split(" ")[0] ?? ""} ${answer}`, port, "127.0.0.1");
    });
    expect(await client().answers(relay, 2_000)).toBe(alive);
  });

  it("gives up a command in time", async () => {
    const relay = await listener(() => undefined);
    const giveUp = async (): Promise<number> => {
      const startMs = performance.now();
      expect(await client().has({ relay, callId: "c" })).toMatchObject({ ok: false });
      return performance.now() - startMs;
    };
    expect(await undisturbed(giveUp, (tookMs) => tookMs < 1_000)).toBeLessThan(1_000);
  });
});
