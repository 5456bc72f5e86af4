import { once } from "node:events";
import { connect } from "node:net";
import Srf from "drachtio-srf";
import { SipPeer, until } from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RawApp } from "../support/raw-app.ts";
import { isStock, startServerUnderTest, type ServerUnderTest } from "./server-under-test.ts";
import { sdp, SrfApplication, type SrfApp, type SrfRequest } from "./srf-application.ts";

let server: ServerUnderTest;

beforeAll(async () => {
  server = await startServerUnderTest();
});
afterAll(() => server.close());

describe("the session", () => {
  test("connect tells the server's addresses and version", async () => {
    const srf = new Srf(["blue", "green"]) as unknown as SrfApp;
    const connected = once(srf, "connect");
    srf.connect({ ...server.admin, secret: server.secret, enablePing: true });
    const [error, hostports, version] = (await connected) as [Error | null, string, string];
    expect(error).toBeNull();
    expect(hostports.split(",")).toContain(`udp/${server.sip.address}:${server.sip.port}`);
    expect(version).toMatch(/^v\d+\.\d+\.\d+/);
    srf.disconnect();
  });

  test("a wrong secret is an error of connect", async () => {
    const srf = new Srf() as unknown as SrfApp;
    srf.on("error", () => undefined);
    const connected = once(srf, "connect");
    srf.connect({ ...server.admin, secret: "wrong", reconnect: { maxAttempts: 1 } });
    const [error] = (await connected) as [Error | null];
    expect(error).toBeInstanceOf(Error);
  });

  test("ping is answered with pong, an unknown frame with NO and the end of the connection", async () => {
    const app = await RawApp.login({ host: server.admin.host, port: server.admin.port }, { secret: server.secret });
    expect((await app.ask("ping")).tokens.slice(3)).toEqual(["OK", "pong"]);
    expect((await app.ask("dance")).tokens[3]).toBe("NO");
    await app.end();
  });

  test("a frame may come one byte at a time", async () => {
    const socket = connect(server.admin.port, server.admin.host);
    await once(socket, "connect");
    socket.setNoDelay(true);
    const payload = `a1|authenticate|${server.secret}|`;
    for (const character of `${payload.length}#${payload}`) {
      await new Promise<void>((resolve) => void socket.write(character, () => resolve()));
    }
    const [chunk] = (await once(socket, "data")) as [Buffer];
    expect(chunk.toString()).toMatch(/^\d+#[^|]+\|response\|a1\|OK\|/);
    socket.destroy();
  });
});

describe("several applications", () => {
  test("new requests go round; requests of a dialog go to the application that made it", async () => {
    await using peer = await SipPeer.open();
    const apps = [await SrfApplication.connect(server, ["invite"]), await SrfApplication.connect(server, ["invite"])];
    const turn = async (app: SrfApplication) => ({ app, ...(await app.next()) });
    const turns = new Map(apps.map((app) => [app, turn(app)]));
    const served = new Set<SrfApplication>();
    // A stock server may give one application two requests in a row after another one left.
    for (let round = 1; served.size < 2 && round <= 6; round += 1) {
      const invite = peer.request("INVITE", server.sip, {
        body: sdp("a"),
        headers: [["Content-Type", "application/sdp"]],
      });
      const taken = await Promise.race(turns.values());
      served.add(taken.app);
      turns.set(taken.app, turn(taken.app));
      const dialog = await taken.app.srf.createUAS(taken.request, taken.response, { localSdp: sdp("b") });
      const caller = peer.dialogAsCaller(invite, await peer.expect("200 INVITE"));
      caller.ack();
      for (let serial = 0; serial < 3; serial += 1) {
        const info = once(dialog, "info");
        caller.request("INFO", { body: "x", headers: [["Content-Type", "text/plain"]] });
        const [, response] = (await info) as [SrfRequest, { send: (status: number) => void }];
        response.send(200);
        await peer.expect("200 INFO");
      }
      const destroyed = once(dialog, "destroy");
      caller.request("BYE");
      await peer.expect("200 BYE");
      await destroyed;
    }
    for (const app of apps) app.disconnect();
    expect(served.size).toBe(2);
  });

  test("with no application for the method, a request is answered 503", async () => {
    await using peer = await SipPeer.open();
    const app = await SrfApplication.connect(server, ["options"]);
    peer.request("MESSAGE", server.sip, { body: "x", headers: [["Content-Type", "text/plain"]] });
    await peer.expect("503 MESSAGE");
    app.disconnect();
  });
});

/** Disconnects and waits until the server noticed. */
async function disconnected(app: SrfApplication): Promise<void> {
  const left = server.applications() - 1;
  app.disconnect();
  await until(() => server.applications() === left, { what: "the loss noticed by the server" });
}

describe.skipIf(isStock)("beyond stock", () => {
  const json = [["Content-Type", "application/sdp"]] as const;

  test("nothing is accepted before authentication", async () => {
    const app = await RawApp.connect({ host: server.admin.host, port: server.admin.port });
    expect((await app.ask("route|invite")).tokens[3]).toBe("NO");
    await app.end();
  });

  test("a request of a dialog whose application is gone reaches another one", async () => {
    await using peer = await SipPeer.open();
    const first = await SrfApplication.connect(server, ["invite"]);
    const invite = peer.request("INVITE", server.sip, { body: sdp("a"), headers: json });
    const { request, response } = await first.next();
    await first.srf.createUAS(request, response, { localSdp: sdp("b") });
    const caller = peer.dialogAsCaller(invite, await peer.expect("200 INVITE"));
    caller.ack();
    const second = await SrfApplication.connect(server, ["invite", "info", "bye"]);
    await disconnected(first);
    caller.request("INFO", { body: "x", headers: [["Content-Type", "text/plain"]] });
    const info = await second.next();
    expect(info.request.stackDialogId).not.toBe("");
    info.response.send(200);
    await peer.expect("200 INFO");
    // The other application may also send in the dialog by its id.
    const bye = second.srf.request("sip:placeholder", { method: "BYE", stackDialogId: info.request.stackDialogId });
    const arrived = await peer.expect("BYE");
    peer.reply(arrived, 200);
    await bye;
    second.disconnect();
  });

  test("an INVITE whose application dies is offered to another one", async () => {
    await using peer = await SipPeer.open();
    const first = await SrfApplication.connect(server, ["invite"]);
    const invite = peer.request("INVITE", server.sip, { body: sdp("a"), headers: json });
    const { response } = await first.next();
    response.send(180);
    const ringing = await peer.expect("180 INVITE");
    const second = await SrfApplication.connect(server, ["invite"]);
    first.disconnect();
    const again = await second.next();
    again.response.send(486);
    const busy = await peer.expect("486 INVITE");
    expect(busy.message.get("To")).toBe(ringing.message.get("To"));
    peer.ackFailure(invite, busy);
    second.disconnect();
  });

  test("a call in progress whose application dies is cancelled towards the callee", async () => {
    await using peer = await SipPeer.open();
    const app = await SrfApplication.connect(server);
    void app.srf.createUAC(peer.uri, { localSdp: sdp("a") }).catch(() => undefined);
    const invite = await peer.expect("INVITE");
    peer.reply(invite, 180);
    app.disconnect();
    peer.reply(await peer.expect("CANCEL"), 200);
    peer.reply(invite, 487);
    await peer.expect("ACK");
  });

  test("a REFER out of a dialog reaches the application", async () => {
    await using peer = await SipPeer.open();
    const app = await SrfApplication.connect(server, ["refer"]);
    peer.request("REFER", server.sip, {
      headers: [
        ["Refer-To", "<sip:c@example.com>"],
        ["Contact", `<${peer.uri}>`],
      ],
    });
    const { response } = await app.next();
    response.send(202);
    await peer.expect("202 REFER");
    app.disconnect();
  });

  test("remove_route takes away that verb only", async () => {
    await using peer = await SipPeer.open();
    const app = await SrfApplication.connect(server, ["message", "options"]);
    app.srf.unregisterForMessages("message");
    peer.request("OPTIONS", server.sip);
    const { response } = await app.next();
    response.send(200);
    await peer.expect("200 OPTIONS");
    peer.request("MESSAGE", server.sip, { body: "x", headers: [["Content-Type", "text/plain"]] });
    await peer.expect("503 MESSAGE");
    app.disconnect();
  });

  test("a frame of 100 kB passes both ways", async () => {
    await using peer = await SipPeer.open();
    const app = await SrfApplication.connect(server, ["message"]);
    const long = "x".repeat(50_000);
    peer.request("MESSAGE", server.sip, { body: long, headers: [["Content-Type", "text/plain"]] });
    const { request, response } = await app.next();
    expect(request.body).toBe(long);
    response.send(200, { body: long, headers: { "Content-Type": "text/plain" } });
    expect((await peer.expect("200 MESSAGE")).message.body).toBe(long);
    app.disconnect();
  });
});
