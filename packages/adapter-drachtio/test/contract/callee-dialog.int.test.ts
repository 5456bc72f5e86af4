import { once } from "node:events";
import { readTag } from "@tandem/sip";
import type { SipPeer } from "@tandem/testkit";
import { describe, expect, test } from "vitest";
import { applicationRig } from "./application-rig.ts";
import { sdp, type SrfDialog, type SrfRequest } from "./srf-application.ts";

const rig = applicationRig("caller", ["invite", "options", "message", "info", "register", "subscribe"]);

/** The peer calls, the application answers, the peer acknowledges. */
async function established(): Promise<{ dialog: SrfDialog; caller: ReturnType<SipPeer["dialogAsCaller"]> }> {
  const invite = rig.peer.request("INVITE", rig.server.sip, {
    body: sdp("a"),
    headers: [["Content-Type", "application/sdp"]],
  });
  const { request, response } = await rig.app.next();
  const dialog = await rig.app.srf.createUAS(request, response, { localSdp: sdp("b") });
  const caller = rig.peer.dialogAsCaller(invite, await rig.peer.expect("200 INVITE"));
  const acknowledged = once(dialog, "ack");
  caller.ack();
  await acknowledged;
  return { dialog, caller };
}

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
    await rig.peer.expect("200 BYE");
    await destroyed;
  });

  test("ends with a BYE of the application", async () => {
    const { dialog, caller } = await established();
    const ended = dialog.destroy({ headers: { "X-Why": "done" } });
    const bye = await rig.peer.expect("BYE");
    expect(bye.message.get("X-Why")).toBe("done");
    expect([readTag(bye.message.get("From") ?? ""), readTag(bye.message.get("To") ?? "")]).toEqual([
      caller.remoteTag,
      caller.localTag,
    ]);
    expect(bye.message.uri).toBe(rig.peer.uri);
    rig.peer.reply(bye, 200);
    await ended;
  });

  test("delivers INFO, UPDATE and re-INVITE of the peer to the dialog's events", async () => {
    const { dialog, caller } = await established();
    const info = once(dialog, "info");
    caller.request("INFO", { body: "Signal=1", headers: [["Content-Type", "application/dtmf-relay"]] });
    const [infoRequest, infoResponse] = (await info) as [SrfRequest, { send: (status: number) => void }];
    expect(infoRequest.body).toBe("Signal=1");
    infoResponse.send(200);
    await rig.peer.expect("200 INFO");

    caller.request("UPDATE", { body: sdp("a2"), headers: [["Content-Type", "application/sdp"]] });
    await rig.peer.expect("200 UPDATE");

    const modify = once(dialog, "modify");
    caller.request("INVITE", { body: sdp("a3"), headers: [["Content-Type", "application/sdp"]] });
    const [reinvite, reinviteResponse] = (await modify) as [
      SrfRequest,
      { send: (status: number, options: object) => void },
    ];
    expect(reinvite.body).toBe(sdp("a3"));
    reinviteResponse.send(200, { body: sdp("b3") });
    const answer = await rig.peer.expect("200 INVITE");
    expect(answer.message.body).toBe(sdp("b3"));
    caller.ack({}, caller.sequence);
    caller.request("BYE");
    await rig.peer.expect("200 BYE");
  });

  test("modify sends a re-INVITE, acknowledges it and gives the answer", async () => {
    const { dialog, caller } = await established();
    const modified = dialog.modify(sdp("b2"));
    const reinvite = await rig.peer.expect("INVITE");
    expect(reinvite.message.body).toBe(sdp("b2"));
    const answer = rig.peer.reply(reinvite, 200, { body: sdp("a2"), headers: [["Content-Type", "application/sdp"]] });
    const ack = await rig.peer.expect("ACK");
    expect(ack.message.get("CSeq")).toBe(`${reinvite.message.get("CSeq")?.split(" ")[0]} ACK`);
    expect(await modified).toBe(answer.body);
    caller.request("BYE");
    await rig.peer.expect("200 BYE");
  });

  test("request sends INFO and gives the response; CSeq grows by one each time", async () => {
    const { dialog, caller } = await established();
    const numbers: number[] = [];
    for (const status of [200, 415]) {
      const answered = dialog.request({ method: "INFO", body: "x", headers: { "Content-Type": "text/plain" } });
      const info = await rig.peer.expect("INFO");
      numbers.push(Number(info.message.get("CSeq")?.split(" ")[0]));
      rig.peer.reply(info, status);
      expect((await answered).status).toBe(status);
    }
    expect((numbers[1] ?? 0) - (numbers[0] ?? 0)).toBe(1);
    caller.request("BYE");
    await rig.peer.expect("200 BYE");
  });

  test("follows the route that the peer recorded", async () => {
    const invite = rig.peer.request("INVITE", rig.server.sip, {
      headers: [
        ["Record-Route", `<sip:${rig.peer.hostport};lr;p=1>`],
        ["Record-Route", "<sip:192.0.2.60;lr>"],
      ],
    });
    const { request, response } = await rig.app.next();
    const dialog = await rig.app.srf.createUAS(request, response, { localSdp: sdp("b") });
    rig.peer.dialogAsCaller(invite, await rig.peer.expect("200 INVITE")).ack();
    const ended = dialog.destroy();
    const bye = await rig.peer.expect("BYE");
    expect(bye.message.getAll("Route").join(",").replaceAll(/\s/g, "")).toBe(
      `<sip:${rig.peer.hostport};lr;p=1>,<sip:192.0.2.60;lr>`,
    );
    rig.peer.reply(bye, 200);
    await ended;
  });

  test("an offer may come in the answer and its answer in the ACK", async () => {
    const invite = rig.peer.request("INVITE", rig.server.sip);
    const { request, response } = await rig.app.next();
    const dialog = await rig.app.srf.createUAS(request, response, { localSdp: sdp("offer") });
    const acknowledged = once(dialog, "ack");
    const caller = rig.peer.dialogAsCaller(invite, await rig.peer.expect("200 INVITE"));
    caller.ack({ body: sdp("answer"), headers: [["Content-Type", "application/sdp"]] });
    const [ack] = (await acknowledged) as [SrfRequest];
    expect(ack.body).toBe(sdp("answer"));
    caller.request("BYE");
    await rig.peer.expect("200 BYE");
  });
});

describe("a subscription", () => {
  test("SUBSCRIBE makes a dialog in which NOTIFY goes back", async () => {
    const subscribe = rig.peer.request("SUBSCRIBE", rig.server.sip, {
      headers: [
        ["Event", "presence"],
        ["Expires", "60"],
      ],
    });
    const { request, response } = await rig.app.next();
    const dialog = await rig.app.srf.createUAS(request, response, { headers: { Expires: "60" } });
    const accepted = await rig.peer.expect("202 SUBSCRIBE");
    expect(accepted.message.get("Expires")).toBe("60");
    const notified = dialog.request({
      method: "NOTIFY",
      headers: { Event: "presence", "Subscription-State": "active", "Content-Type": "text/plain" },
      body: "here",
    });
    const notify = await rig.peer.expect("NOTIFY");
    expect([notify.message.get("Call-ID"), notify.message.body]).toEqual([subscribe.get("Call-ID"), "here"]);
    rig.peer.reply(notify, 200);
    expect((await notified).status).toBe(200);
  });
});
