import type { SocketAddress } from "@tandem/runtime";
import { responseTo } from "@tandem/sip";
import { until } from "@tandem/testkit";
import { describe, expect, test } from "vitest";
import { RecordingEvents } from "./support/recording-app.ts";
import { ScriptedEdge } from "./support/scripted-edge.ts";
import { isUp, outgoing, startWorker, type WorkerRig } from "./support/worker-rig.ts";

/** A server that says what drachtio-server 0.9.10 was seen to say (docs/kubernetes.md). */
async function stockServer(): Promise<ScriptedEdge> {
  const server = await ScriptedEdge.listen();
  server.welcome = (id) => `w|response|${id}|OK|udp/192.0.2.1:5060|v0.9.10-1-g9c2dd4cb6a|udp/192.0.2.1:5060`;
  return server;
}

const POOL = {
  listeners: [
    { name: "outside", transport: "udp" },
    { name: "secure", transport: "tls" },
  ],
} as const;

async function connected(...servers: readonly ScriptedEdge[]): Promise<WorkerRig> {
  const worker = await startWorker(() => servers.map(({ address }) => address), { stock: new Map([["east", POOL]]) });
  await worker.until((edges) => edges.length === servers.length && isUp(edges));
  return worker;
}

function sipRequest(method: string, lines: readonly string[] = []): string {
  return [
    `${method} sip:service@192.0.2.1 SIP/2.0`,
    "Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1",
    "From: <sip:a@b>;tag=1",
    "To: <sip:c@d>",
    "Call-ID: c1",
    `CSeq: 1 ${method}`,
    ...lines,
    "",
    "",
  ].join("\r\n");
}

/** Answers every frame that is not answered yet. */
function serve(server: ScriptedEdge, transaction = "t1"): void {
  for (const frame of server.frames.splice(0)) {
    const id = frame.split("|")[0] ?? "";
    server.send(`r|response|${id}|OK|application|9|udp|192.0.2.9|5060|10:00:00.0|${transaction}|Msg sent:|\r\nx`);
  }
}

const arrived = (text: string, transport = "udp"): string =>
  `m|sip|network|100|${transport}|198.51.100.7|5060|10:00:00.0|s1||192.0.2.1|5060|\r\n${text}`;

describe.concurrent("a worker at a stock drachtio-server", () => {
  test("authenticates without tags, and asks for every method by name", async () => {
    await using server = await stockServer();
    await using worker = await connected(server);
    await server.expect(/\|authenticate\|s3cret\|$/);
    for (const verb of ["invite", "options", "message", "register"]) {
      await server.expect(new RegExp(String.raw`\|route\|${verb}$`));
    }
    expect(worker.port.edges()[0]?.edge).toBe(`drachtio@127.0.0.1:${server.address.port}`);
  });

  test.each([
    ["udp", "outside"],
    ["tls", "secure"],
    ["", "outside"],
  ])("a request over '%s' came by the listener %s", async (transport, listener) => {
    await using server = await stockServer();
    await using worker = await connected(server);
    server.send(arrived(sipRequest("INVITE"), transport));
    expect((await worker.app.requests.next()).listener).toBe(listener);
  });

  test("a caller that insists on 100rel is refused with 420, and no call begins", async () => {
    await using server = await stockServer();
    await using worker = await connected(server);
    server.send(arrived(sipRequest("INVITE", ["Require: 100rel"])));
    serve(server);
    expect(await server.expect(/\|sip\|s1\|/)).toMatch(/SIP\/2\.0 420 [\s\S]*Unsupported: 100rel/);
    expect(worker.app.requests.items).toEqual([]);
  });

  test.each(["udp", "tls"])(
    "is lost while a call over %s rings: nobody else has it, so it is cancelled",
    async (transport) => {
      await using server = await stockServer();
      await using worker = await connected(server);
      server.send(arrived(sipRequest("INVITE"), transport));
      const { transaction } = await worker.app.requests.next();
      server.sockets.at(-1)?.destroy();
      const cancelled = await worker.app.cancels.next();
      expect([cancelled.transaction, cancelled.cancel.get("Call-ID")]).toEqual([transaction, "c1"]);
    },
  );

  test("an INVITE goes without what only our edges read, and counts as received by the peer", async () => {
    await using server = await stockServer();
    await using worker = await connected(server);
    const events = new RecordingEvents();
    const given = { branch: "z9hG4bKx", nextHop: "sip:198.51.100.9:5070;transport=tcp;flow" } as const;
    const sending = worker.port.sendRequest(outgoing("INVITE", given), events);
    serve(server);
    const frame = await server.expect(/INVITE sip/);
    expect(frame.split("\r\n")[0]?.split("|").slice(1)).toEqual(["sip", "", "", "sip:198.51.100.9:5070;transport=tcp"]);
    server.send(`r|response|${frame.split("|")[0] ?? ""}|OK|application|9|udp|h|5060|10:00:00.0|t9|Msg sent:|\r\nx`);
    expect(await sending).toMatchObject({ value: { id: "t9" } });
    expect((await events.responses.next()).response.status).toBe(100);
    server.send("m|sip|network|0|||0|10:00:00.0|t9||\r\nSIP/2.0 408 Request Timeout\r\nCSeq: 1 INVITE\r\n\r\n");
    expect((await events.failures.next()).code).toBe("peer-timeout");
  });

  test("a probe ends after its own time: the server would wait for 32 s", async () => {
    await using server = await stockServer();
    await using worker = await connected(server);
    const events = new RecordingEvents();
    const sending = worker.port.sendRequest(outgoing("OPTIONS", { timeoutMs: 30 }), events);
    serve(server);
    const frame = await server.expect(/OPTIONS sip/);
    server.send(`r|response|${frame.split("|")[0] ?? ""}|OK|application|9|udp|h|5060|10:00:00.0|t9|Msg sent:|\r\nx`);
    expect(await sending).toMatchObject({ ok: true });
    expect((await events.failures.next()).code).toBe("peer-timeout");
  });

  test("requests of a call leave by the server that holds it", async () => {
    await using first = await stockServer();
    await using second = await stockServer();
    await using worker = await connected(first, second);
    second.send(arrived(sipRequest("INVITE")));
    const { transaction, message } = await worker.app.requests.next();
    const answering = worker.port.respond(transaction, responseTo(message, 200, { toTag: "t" }));
    serve(second);
    const answer = await second.expect(/SIP\/2\.0 200/);
    second.send(
      `r|response|${answer.split("|")[0] ?? ""}|OK|application|9|udp|h|5060|10:00:00.0|s1|d1||Msg sent:|\r\nx`,
    );
    expect(await answering).toMatchObject({ ok: true });
    for (const method of ["INFO", "UPDATE", "BYE"]) {
      void worker.port.sendRequest(outgoing(method, { callId: "c1" }), new RecordingEvents());
      await second.expect(new RegExp(`${method} sip`));
    }
    expect(first.frames.filter((frame) => frame.includes("|sip|"))).toEqual([]);
  });

  test("new requests leave by a server that stays; the one whose address is gone serves where no other is left", async () => {
    await using first = await stockServer();
    await using second = await stockServer();
    let listed = [first, second];
    let looks = 0;
    const directory = (): SocketAddress[] => {
      looks += 1;
      return listed.map(({ address }) => address);
    };
    await using worker = await startWorker(directory, { stock: new Map([["east", POOL]]) });
    await worker.until((edges) => edges.length === 2 && isUp(edges));
    const list = async (...servers: ScriptedEdge[]): Promise<void> => {
      listed = servers;
      const before = looks;
      // The second look begins when the first one is done with.
      await until(() => looks >= before + 2, { what: "the directory read" });
    };
    const preferredEdge = `drachtio@127.0.0.1:${first.address.port}`;
    const taker = async (callId: string): Promise<ScriptedEdge | undefined> => {
      const takes = ({ frames }: ScriptedEdge): boolean => frames.some((frame) => frame.includes(`Call-ID: ${callId}`));
      void worker.port.sendRequest(outgoing("OPTIONS", { callId, preferredEdge }), new RecordingEvents());
      await until(() => [first, second].some(takes), { what: callId });
      return [first, second].find(takes);
    };
    expect(await taker("both")).toBe(first);
    await list(second);
    for (const callId of ["leaving-1", "leaving-2", "leaving-3"]) expect(await taker(callId)).toBe(second);
    await list(first, second);
    expect(await taker("again")).toBe(first);
    await list(second);
    second.welcome = null;
    for (const socket of second.sockets) socket.destroy();
    await worker.until((edges) => edges.some(({ state }) => state !== "up"));
    expect(await taker("alone")).toBe(first);
  });

  test("a worker that leaves waits for its calls: nobody else can serve them", async () => {
    await using server = await stockServer();
    await using worker = await connected(server);
    server.send(arrived(sipRequest("INVITE")));
    const { transaction, message } = await worker.app.requests.next();
    serve(server);
    void worker.port.respond(transaction, responseTo(message, 200, { toTag: "t" }));
    await server.expect(/SIP\/2\.0 200/).then((frame) => {
      server.send(
        `r|response|${frame.split("|")[0] ?? ""}|OK|application|9|udp|h|5060|10:00:00.0|s1|d1||Msg sent:|\r\nx`,
      );
    });
    let drained = false;
    const draining = worker.port.drain().then(() => (drained = true));
    server.send(arrived(sipRequest("INFO")));
    const info = await worker.app.requests.next();
    expect([info.message.method, drained]).toEqual(["INFO", false]);
    const own =
      "BYE sip:a@b SIP/2.0\r\nFrom: <sip:c@d>;tag=t\r\nTo: <sip:a@b>;tag=1\r\nCall-ID: c1\r\nCSeq: 9 BYE\r\n\r\n";
    server.send(`m|sip|application|99|udp|198.51.100.7|5060|10:00:00.0|unsolicited|d1|\r\n${own}`);
    const bye = await worker.app.requests.next();
    expect([bye.message.method, bye.message.get("To")]).toEqual(["BYE", "<sip:c@d>;tag=t"]);
    expect(await worker.port.respond(bye.transaction, responseTo(bye.message, 200))).toMatchObject({ ok: true });
    void worker.port.respond(info.transaction, responseTo(info.message, 200));
    const last = await server.expect(/SIP\/2\.0 200/);
    server.send(`r|response|${last.split("|")[0] ?? ""}|OK|application|9|udp|h|5060|10:00:00.0|s1|d1||Msg sent:|\r\nx`);
    await draining;
  });

  test("a message longer than the server can read is not sent", async () => {
    await using server = await stockServer();
    await using worker = await connected(server);
    const sent = await worker.port.sendRequest(
      outgoing("MESSAGE", { body: "x".repeat(12_000) }),
      new RecordingEvents(),
    );
    expect(sent).toMatchObject({ ok: false, error: { code: "message-too-large" } });
  });
});
