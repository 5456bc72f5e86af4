import { once } from "node:events";
import { readTag } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { applicationRig } from "./application-rig.ts";
import { sdp, sendResponse, SrfApplication, type SrfRequest } from "./srf-application.ts";

const rig = applicationRig("caller", ["invite", "options", "message", "info", "register", "subscribe"]);

describe("a new request", () => {
  test("tells its source, the address it came to, and the message", async () => {
    rig.peer.request("OPTIONS", rig.server.sip, { headers: [["X-Custom", "kept"]] });
    const { request, response } = await rig.app.next();
    expect(request).toMatchObject({
      method: "OPTIONS",
      source: "network",
      source_address: "127.0.0.1",
      source_port: rig.peer.port,
      protocol: "udp",
      receivedOn: `${rig.server.sip.address}:${rig.server.sip.port}`,
    });
    expect([request.stackDialogId, request.get("X-Custom")]).toEqual(["", "kept"]);
    response.send(200);
    await rig.peer.expect("200 OPTIONS");
  });

  test("INVITE gets 100 Trying before the application says anything", async () => {
    const invite = rig.peer.request("INVITE", rig.server.sip);
    await rig.peer.expect("100 INVITE");
    const { response } = await rig.app.next();
    response.send(486);
    rig.peer.ackFailure(invite, await rig.peer.expect("486 INVITE"));
  });

  test("repeated, it reaches the application once and gets the last answer again", async () => {
    const message = rig.peer.request("MESSAGE", rig.server.sip, {
      body: "hello",
      headers: [["Content-Type", "text/plain"]],
    });
    const { request, response } = await rig.app.next();
    expect(request.body).toBe("hello");
    response.send(202, "Accepted");
    const first = await rig.peer.expect("202 MESSAGE");
    rig.peer.send(message, rig.server.sip);
    const second = await rig.peer.expect("202 MESSAGE");
    expect(second.text).toBe(first.text);
    expect(rig.app.untaken).toEqual([]);
  });

  test("that no middleware handles is answered 404 by drachtio-srf", async () => {
    const other = await SrfApplication.connect(rig.server, []);
    other.srf.use("publish", (_request, _response, next) => next());
    // The route is in force once a request behind it was served.
    await sendOptionsUntilServed();
    rig.peer.request("PUBLISH", rig.server.sip, { headers: [["Event", "presence"]] });
    await rig.peer.expect("404 PUBLISH");
    other.disconnect();
  });
});

async function sendOptionsUntilServed(): Promise<void> {
  rig.peer.request("OPTIONS", rig.server.sip);
  const { response } = await rig.app.next();
  response.send(200);
  await rig.peer.expect("200 OPTIONS");
}

describe("a response of the application", () => {
  test("gets From, To with one tag, Call-ID, CSeq and Via of the request, and keeps its own headers and reason", async () => {
    const invite = rig.peer.request("INVITE", rig.server.sip);
    const { response } = await rig.app.next();
    response.send(180, { headers: { "X-Step": "1" } });
    const ringing = (await rig.peer.expect("180 INVITE")).message;
    response.send(480, "Gone Fishing", { headers: { "Retry-After": "9" } });
    const final = await rig.peer.expect("480 INVITE");
    rig.peer.ackFailure(invite, final);
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
    const invite = rig.peer.request("INVITE", rig.server.sip);
    const { response } = await rig.app.next();
    const sent = await sendResponse(response, 200, { body: sdp("b") });
    const arrived = await rig.peer.expect("200 INVITE");
    expect(sent.get("to")).toBe(arrived.message.get("To"));
    expect(sent.get("contact")).toBe(arrived.message.get("Contact"));
    expect(arrived.message.get("Contact")).toContain(`${rig.server.sip.address}:${rig.server.sip.port}`);
    expect(arrived.message.get("Content-Type")).toBe("application/sdp");
    expect(arrived.message.body).toBe(sdp("b"));
    rig.peer.dialogAsCaller(invite, arrived).ack();
  });

  test("has the To tag and Contact that the application gives", async () => {
    const invite = rig.peer.request("INVITE", rig.server.sip);
    const { request, response } = await rig.app.next();
    response.send(200, { headers: { To: `${request.get("to")};tag=chosen`, Contact: "<sip:me@192.0.2.77:5099>" } });
    const arrived = await rig.peer.expect("200 INVITE");
    expect(readTag(arrived.message.get("To") ?? "")).toBe("chosen");
    expect(arrived.message.get("Contact")).toContain("sip:me@192.0.2.77:5099");
    rig.peer.dialogAsCaller(invite, arrived).ack();
  });

  test("carries the request's Record-Route", async () => {
    const invite = rig.peer.request("INVITE", rig.server.sip, { headers: [["Record-Route", "<sip:192.0.2.50;lr>"]] });
    const { response } = await rig.app.next();
    response.send(200, { body: sdp("b") });
    const arrived = await rig.peer.expect("200 INVITE");
    expect(arrived.message.get("Record-Route")).toBe("<sip:192.0.2.50;lr>");
    rig.peer.dialogAsCaller(invite, arrived).ack();
  });

  test("to a transaction that is over is refused in drachtio-server's words", async () => {
    rig.peer.request("OPTIONS", rig.server.sip);
    const { request, response } = await rig.app.next();
    await sendResponse(response, 200);
    await rig.peer.expect("200 OPTIONS");
    const again = Object.assign(Object.create(Object.getPrototypeOf(response) as object) as typeof response, response, {
      finished: false,
    });
    await expect(sendResponse(again, 200)).rejects.toThrow("Response not sent due to unknown transaction");
    expect(request.method).toBe("OPTIONS");
  });
});

describe("CANCEL", () => {
  test("is answered by the server; the application gets the event and need not answer", async () => {
    const invite = rig.peer.request("INVITE", rig.server.sip);
    const { request, response } = await rig.app.next();
    response.send(180);
    await rig.peer.expect("180 INVITE");
    const cancelled = once(request, "cancel");
    rig.peer.cancel(invite, rig.server.sip, [["Reason", "SIP;cause=200"]]);
    await rig.peer.expect("200 CANCEL");
    rig.peer.ackFailure(invite, await rig.peer.expect("487 INVITE"));
    const [cancel] = (await cancelled) as [SrfRequest];
    expect(cancel.get("Reason")).toBe("SIP;cause=200");
  });

  test("while createUAS prepares its answer makes it fail with 487", async () => {
    const invite = rig.peer.request("INVITE", rig.server.sip);
    const { request, response } = await rig.app.next();
    const cancelled = once(request, "cancel");
    rig.peer.cancel(invite, rig.server.sip);
    await cancelled;
    rig.peer.ackFailure(invite, await rig.peer.expect("487 INVITE"));
    await expect(rig.app.srf.createUAS(request, response, { localSdp: sdp("b") })).rejects.toBeDefined();
  });
});

describe("reliable provisional responses", () => {
  test("Require: 100rel makes a 183 reliable; the PRACK reaches the application", async () => {
    const invite = rig.peer.request("INVITE", rig.server.sip, { headers: [["Supported", "100rel"]] });
    const { response } = await rig.app.next();
    const acknowledged = new Promise<SrfRequest>((resolve) => {
      response.send(183, { headers: { Require: "100rel" }, body: sdp("early") }, undefined, resolve);
    });
    const early = await rig.peer.expect("183 INVITE");
    const number = early.message.get("RSeq") ?? "";
    expect(Number(number)).toBeGreaterThan(0);
    expect(early.message.has("Contact")).toBe(true);
    const caller = rig.peer.dialogAsCaller(invite, early);
    caller.request("PRACK", { headers: [["RAck", `${number} 1 INVITE`]] });
    await rig.peer.expect("200 PRACK");
    expect((await acknowledged).get("RAck")).toBe(`${number} 1 INVITE`);
    response.send(486);
    rig.peer.ackFailure(invite, await rig.peer.expect("486 INVITE"));
  });

  test("to a peer that does not know 100rel it is refused", async () => {
    const invite = rig.peer.request("INVITE", rig.server.sip);
    const { response } = await rig.app.next();
    await expect(sendResponse(response, 183, { headers: { Require: "100rel" } })).rejects.toThrow(
      "Remote endpoint does not support 100rel",
    );
    response.send(486);
    rig.peer.ackFailure(invite, await rig.peer.expect("486 INVITE"));
  });
});
