import { once } from "node:events";
import { readTag } from "@tandem/sip";
import { SipPeer } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startServerUnderTest, type ServerUnderTest } from "./server-under-test.ts";
import { sdp, sendResponse, SrfApplication, type SrfDialog, type SrfRequest } from "./srf-application.ts";

let server: ServerUnderTest;
let app: SrfApplication;
let peer: SipPeer;

beforeAll(async () => {
  server = await startServerUnderTest();
});
afterAll(() => server.close());
beforeEach(async () => {
  peer = await SipPeer.open({ user: "caller" });
  app = await SrfApplication.connect(server, ["invite", "options", "message", "info", "register", "subscribe"]);
});
afterEach(async () => {
  app.disconnect();
  await peer.close();
});

/** The peer calls, the application answers, the peer acknowledges. */
async function established(): Promise<{ dialog: SrfDialog; caller: ReturnType<SipPeer["dialogAsCaller"]> }> {
  const invite = peer.request("INVITE", server.sip, { body: sdp("a"), headers: [["Content-Type", "application/sdp"]] });
  const { request, response } = await app.next();
  const dialog = await app.srf.createUAS(request, response, { localSdp: sdp("b") });
  const caller = peer.dialogAsCaller(invite, await peer.expect("200 INVITE"));
  const acknowledged = once(dialog, "ack");
  caller.ack();
  await acknowledged;
  return { dialog, caller };
}

describe("a new request", () => {
  test("tells its source, the address it came to, and the message", async () => {
    peer.request("OPTIONS", server.sip, { headers: [["X-Custom", "kept"]] });
    const { request, response } = await app.next();
    expect(request).toMatchObject({
      method: "OPTIONS",
      source: "network",
      source_address: "127.0.0.1",
      source_port: peer.port,
      protocol: "udp",
      receivedOn: `${server.sip.address}:${server.sip.port}`,
    });
    expect([request.stackDialogId, request.get("X-Custom")]).toEqual(["", "kept"]);
    response.send(200);
    await peer.expect("200 OPTIONS");
  });

  test("INVITE gets 100 Trying before the application says anything", async () => {
    const invite = peer.request("INVITE", server.sip);
    await peer.expect("100 INVITE");
    const { response } = await app.next();
    response.send(486);
    peer.ackFailure(invite, await peer.expect("486 INVITE"));
  });

  test("repeated, it reaches the application once and gets the last answer again", async () => {
    const message = peer.request("MESSAGE", server.sip, { body: "hello", headers: [["Content-Type", "text/plain"]] });
    const { request, response } = await app.next();
    expect(request.body).toBe("hello");
    response.send(202, "Accepted");
    const first = await peer.expect("202 MESSAGE");
    peer.send(message, server.sip);
    const second = await peer.expect("202 MESSAGE");
    expect(second.text).toBe(first.text);
    expect(app.untaken).toEqual([]);
  });

  test("that no middleware handles is answered 404 by drachtio-srf", async () => {
    const other = await SrfApplication.connect(server, []);
    other.srf.use("publish", (_request, _response, next) => next());
    // The route is in force once a request behind it was served.
    await sendOptionsUntilServed();
    peer.request("PUBLISH", server.sip, { headers: [["Event", "presence"]] });
    await peer.expect("404 PUBLISH");
    other.disconnect();
  });
});

async function sendOptionsUntilServed(): Promise<void> {
  peer.request("OPTIONS", server.sip);
  const { response } = await app.next();
  response.send(200);
  await peer.expect("200 OPTIONS");
}

describe("a response of the application", () => {
  test("gets From, To with one tag, Call-ID, CSeq and Via of the request, and keeps its own headers and reason", async () => {
    const invite = peer.request("INVITE", server.sip);
    const { response } = await app.next();
    response.send(180, { headers: { "X-Step": "1" } });
    const ringing = (await peer.expect("180 INVITE")).message;
    response.send(480, "Gone Fishing", { headers: { "Retry-After": "9" } });
    const final = await peer.expect("480 INVITE");
    peer.ackFailure(invite, final);
    for (const name of ["Via", "From", "Call-ID", "CSeq"]) {
      expect([ringing.get(name)?.split(";rport")[0], final.message.get(name)?.split(";rport")[0]]).toEqual([
        invite.get(name)?.split(";rport")[0],
        invite.get(name)?.split(";rport")[0],
      ]);
    }
    expect(ringing.get("X-Step")).toBe("1");
    expect([final.message.reason, final.message.get("Retry-After")]).toEqual(["Gone Fishing", "9"]);
    const tags = [ringing, final.message].map((message) => readTag(message.get("To") ?? ""));
    expect(tags[0]).toBeTruthy();
    expect(tags[1]).toBe(tags[0]);
  });

  test("is echoed as sent: the To tag and Contact are there for the dialog", async () => {
    const invite = peer.request("INVITE", server.sip);
    const { response } = await app.next();
    const sent = await sendResponse(response, 200, { body: sdp("b") });
    const arrived = await peer.expect("200 INVITE");
    expect(sent.get("to")).toBe(arrived.message.get("To"));
    expect(sent.get("contact")).toBe(arrived.message.get("Contact"));
    expect(arrived.message.get("Contact")).toContain(`${server.sip.address}:${server.sip.port}`);
    expect(arrived.message.get("Content-Type")).toBe("application/sdp");
    expect(arrived.message.body).toBe(sdp("b"));
    peer.dialogAsCaller(invite, arrived).ack();
  });

  test("has the To tag and Contact that the application gives", async () => {
    const invite = peer.request("INVITE", server.sip);
    const { request, response } = await app.next();
    response.send(200, { headers: { To: `${request.get("to")};tag=chosen`, Contact: "<sip:me@192.0.2.77:5099>" } });
    const arrived = await peer.expect("200 INVITE");
    expect(readTag(arrived.message.get("To") ?? "")).toBe("chosen");
    expect(arrived.message.get("Contact")).toContain("sip:me@192.0.2.77:5099");
    peer.dialogAsCaller(invite, arrived).ack();
  });

  test("carries the request's Record-Route", async () => {
    const invite = peer.request("INVITE", server.sip, { headers: [["Record-Route", "<sip:192.0.2.50;lr>"]] });
    const { response } = await app.next();
    response.send(200, { body: sdp("b") });
    const arrived = await peer.expect("200 INVITE");
    expect(arrived.message.get("Record-Route")).toBe("<sip:192.0.2.50;lr>");
    peer.dialogAsCaller(invite, arrived).ack();
  });

  test("to a transaction that is over is refused in drachtio-server's words", async () => {
    peer.request("OPTIONS", server.sip);
    const { request, response } = await app.next();
    await sendResponse(response, 200);
    await peer.expect("200 OPTIONS");
    const again = Object.assign(Object.create(Object.getPrototypeOf(response) as object) as typeof response, response, {
      finished: false,
    });
    await expect(sendResponse(again, 200)).rejects.toThrow("Response not sent due to unknown transaction");
    expect(request.method).toBe("OPTIONS");
  });
});

describe("CANCEL", () => {
  test("is answered by the server; the application gets the event and need not answer", async () => {
    const invite = peer.request("INVITE", server.sip);
    const { request, response } = await app.next();
    response.send(180);
    await peer.expect("180 INVITE");
    const cancelled = once(request, "cancel");
    peer.cancel(invite, server.sip, [["Reason", "SIP;cause=200"]]);
    await peer.expect("200 CANCEL");
    peer.ackFailure(invite, await peer.expect("487 INVITE"));
    const [cancel] = (await cancelled) as [SrfRequest];
    expect(cancel.get("Reason")).toBe("SIP;cause=200");
  });

  test("while createUAS prepares its answer makes it fail with 487", async () => {
    const invite = peer.request("INVITE", server.sip);
    const { request, response } = await app.next();
    const cancelled = once(request, "cancel");
    peer.cancel(invite, server.sip);
    await cancelled;
    peer.ackFailure(invite, await peer.expect("487 INVITE"));
    await expect(app.srf.createUAS(request, response, { localSdp: sdp("b") })).rejects.toBeDefined();
  });
});

describe("a dialog made by createUAS", () => {
  test("knows both tags, gets the ACK, and ends with the peer's BYE", async () => {
    const { dialog, caller } = await established();
    expect(dialog.sip).toMatchObject({
      callId: caller.callId,
      localTag: caller.remoteTag,
      remoteTag: caller.localTag,
    });
    const destroyed = once(dialog, "destroy");
    caller.request("BYE");
    await peer.expect("200 BYE");
    await destroyed;
  });

  test("ends with a BYE of the application", async () => {
    const { dialog, caller } = await established();
    const ended = dialog.destroy({ headers: { "X-Why": "done" } });
    const bye = await peer.expect("BYE");
    expect(bye.message.get("X-Why")).toBe("done");
    expect([readTag(bye.message.get("From") ?? ""), readTag(bye.message.get("To") ?? "")]).toEqual([
      caller.remoteTag,
      caller.localTag,
    ]);
    expect(bye.message.uri).toBe(peer.uri);
    peer.reply(bye, 200);
    await ended;
  });

  test("delivers INFO, UPDATE and re-INVITE of the peer to the dialog's events", async () => {
    const { dialog, caller } = await established();
    const info = once(dialog, "info");
    caller.request("INFO", { body: "Signal=1", headers: [["Content-Type", "application/dtmf-relay"]] });
    const [infoRequest, infoResponse] = (await info) as [SrfRequest, { send: (status: number) => void }];
    expect(infoRequest.body).toBe("Signal=1");
    infoResponse.send(200);
    await peer.expect("200 INFO");

    caller.request("UPDATE", { body: sdp("a2"), headers: [["Content-Type", "application/sdp"]] });
    await peer.expect("200 UPDATE");

    const modify = once(dialog, "modify");
    caller.request("INVITE", { body: sdp("a3"), headers: [["Content-Type", "application/sdp"]] });
    const [reinvite, reinviteResponse] = (await modify) as [
      SrfRequest,
      { send: (status: number, options: object) => void },
    ];
    expect(reinvite.body).toBe(sdp("a3"));
    reinviteResponse.send(200, { body: sdp("b3") });
    const answer = await peer.expect("200 INVITE");
    expect(answer.message.body).toBe(sdp("b3"));
    caller.ack({}, caller.sequence);
    caller.request("BYE");
    await peer.expect("200 BYE");
  });

  test("modify sends a re-INVITE, acknowledges it and gives the answer", async () => {
    const { dialog, caller } = await established();
    const modified = dialog.modify(sdp("b2"));
    const reinvite = await peer.expect("INVITE");
    expect(reinvite.message.body).toBe(sdp("b2"));
    const answer = peer.reply(reinvite, 200, { body: sdp("a2"), headers: [["Content-Type", "application/sdp"]] });
    const ack = await peer.expect("ACK");
    expect(ack.message.get("CSeq")).toBe(`${reinvite.message.get("CSeq")?.split(" ")[0]} ACK`);
    expect(await modified).toBe(answer.body);
    caller.request("BYE");
    await peer.expect("200 BYE");
  });

  test("request sends INFO and gives the response; CSeq grows by one each time", async () => {
    const { dialog, caller } = await established();
    const numbers: number[] = [];
    for (const status of [200, 415]) {
      const answered = dialog.request({ method: "INFO", body: "x", headers: { "Content-Type": "text/plain" } });
      const info = await peer.expect("INFO");
      numbers.push(Number(info.message.get("CSeq")?.split(" ")[0]));
      peer.reply(info, status);
      expect((await answered).status).toBe(status);
    }
    expect((numbers[1] ?? 0) - (numbers[0] ?? 0)).toBe(1);
    caller.request("BYE");
    await peer.expect("200 BYE");
  });

  test("follows the route that the peer recorded", async () => {
    const invite = peer.request("INVITE", server.sip, {
      headers: [
        ["Record-Route", `<sip:${peer.hostport};lr;p=1>`],
        ["Record-Route", "<sip:192.0.2.60;lr>"],
      ],
    });
    const { request, response } = await app.next();
    const dialog = await app.srf.createUAS(request, response, { localSdp: sdp("b") });
    peer.dialogAsCaller(invite, await peer.expect("200 INVITE")).ack();
    const ended = dialog.destroy();
    const bye = await peer.expect("BYE");
    expect(bye.message.getAll("Route").join(",").replaceAll(/\s/g, "")).toBe(
      `<sip:${peer.hostport};lr;p=1>,<sip:192.0.2.60;lr>`,
    );
    peer.reply(bye, 200);
    await ended;
  });

  test("an offer may come in the answer and its answer in the ACK", async () => {
    const invite = peer.request("INVITE", server.sip);
    const { request, response } = await app.next();
    const dialog = await app.srf.createUAS(request, response, { localSdp: sdp("offer") });
    const acknowledged = once(dialog, "ack");
    const caller = peer.dialogAsCaller(invite, await peer.expect("200 INVITE"));
    caller.ack({ body: sdp("answer"), headers: [["Content-Type", "application/sdp"]] });
    const [ack] = (await acknowledged) as [SrfRequest];
    expect(ack.body).toBe(sdp("answer"));
    caller.request("BYE");
    await peer.expect("200 BYE");
  });
});

describe("reliable provisional responses", () => {
  test("Require: 100rel makes a 183 reliable; the PRACK reaches the application", async () => {
    const invite = peer.request("INVITE", server.sip, { headers: [["Supported", "100rel"]] });
    const { response } = await app.next();
    const acknowledged = new Promise<SrfRequest>((resolve) => {
      response.send(183, { headers: { Require: "100rel" }, body: sdp("early") }, undefined, resolve);
    });
    const early = await peer.expect("183 INVITE");
    const number = early.message.get("RSeq") ?? "";
    expect(Number(number)).toBeGreaterThan(0);
    expect(early.message.has("Contact")).toBe(true);
    const caller = peer.dialogAsCaller(invite, early);
    caller.request("PRACK", { headers: [["RAck", `${number} 1 INVITE`]] });
    await peer.expect("200 PRACK");
    expect((await acknowledged).get("RAck")).toBe(`${number} 1 INVITE`);
    response.send(486);
    peer.ackFailure(invite, await peer.expect("486 INVITE"));
  });

  test("to a peer that does not know 100rel it is refused", async () => {
    const invite = peer.request("INVITE", server.sip);
    const { response } = await app.next();
    await expect(sendResponse(response, 183, { headers: { Require: "100rel" } })).rejects.toThrow(
      "Remote endpoint does not support 100rel",
    );
    response.send(486);
    peer.ackFailure(invite, await peer.expect("486 INVITE"));
  });
});

describe("a subscription", () => {
  test("SUBSCRIBE makes a dialog in which NOTIFY goes back", async () => {
    const subscribe = peer.request("SUBSCRIBE", server.sip, {
      headers: [
        ["Event", "presence"],
        ["Expires", "60"],
      ],
    });
    const { request, response } = await app.next();
    const dialog = await app.srf.createUAS(request, response, { headers: { Expires: "60" } });
    const accepted = await peer.expect("202 SUBSCRIBE");
    expect(accepted.message.get("Expires")).toBe("60");
    const notified = dialog.request({
      method: "NOTIFY",
      headers: { Event: "presence", "Subscription-State": "active", "Content-Type": "text/plain" },
      body: "here",
    });
    const notify = await peer.expect("NOTIFY");
    expect([notify.message.get("Call-ID"), notify.message.body]).toEqual([subscribe.get("Call-ID"), "here"]);
    peer.reply(notify, 200);
    expect((await notified).status).toBe(200);
  });
});
