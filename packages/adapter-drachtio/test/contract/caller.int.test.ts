import { once } from "node:events";
import { readTag } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { applicationRig } from "./application-rig.ts";
import { finalResponse, sdp, type SrfRequest, type SrfResponse } from "./srf-application.ts";

const rig = applicationRig("callee");

const json = [["Content-Type", "application/sdp"]] as const;

describe("createUAC", () => {
  test("an answered call: provisional, dialog, ACK by the server's dialog id, BYE", async () => {
    const provisional: number[] = [];
    const creating = rig.app.srf.createUAC(
      rig.peer.uri,
      { localSdp: sdp("a"), headers: { From: "sip:alice@localhost", "X-Custom": "kept" } },
      { cbProvisional: (response) => provisional.push(response.status) },
    );
    const invite = await rig.peer.expect("INVITE");
    expect(invite.message.uri).toBe(rig.peer.uri);
    expect(invite.message.body).toBe(sdp("a"));
    expect(invite.message.get("Content-Type")).toBe("application/sdp");
    expect(invite.message.get("X-Custom")).toBe("kept");
    expect(invite.message.get("From")).toContain(`sip:alice@${rig.server.sip.address}:${rig.server.sip.port}`);
    expect(invite.message.get("Contact")).toContain(`${rig.server.sip.address}:${rig.server.sip.port}`);
    expect(readTag(invite.message.get("From") ?? "")).toBeTruthy();
    expect(Number(invite.message.get("Max-Forwards"))).toBeGreaterThan(0);
    rig.peer.reply(invite, 180);
    const answer = rig.peer.reply(invite, 200, { body: sdp("b"), headers: json });
    const ack = await rig.peer.expect("ACK");
    expect(ack.message.get("CSeq")).toBe(`${invite.message.get("CSeq")?.split(" ")[0]} ACK`);
    const dialog = await creating;
    expect(provisional).toEqual([180]);
    expect([dialog.remote.sdp, dialog.sip.remoteTag]).toEqual([sdp("b"), readTag(answer.get("To") ?? "")]);
    const ended = dialog.destroy();
    const bye = await rig.peer.expect("BYE");
    expect(bye.message.get("To")).toBe(answer.get("To"));
    rig.peer.reply(bye, 200);
    await ended;
  });

  test("a refused call: the error has the status; the server acknowledges", async () => {
    const creating = rig.app.srf.createUAC(rig.peer.uri, { localSdp: sdp("a") });
    const failed = expect(creating).rejects.toMatchObject({ status: 486, reason: "Busy Tone" });
    const invite = await rig.peer.expect("INVITE");
    rig.peer.reply(invite, 486, { reason: "Busy Tone" });
    const ack = await rig.peer.expect("ACK");
    expect(ack.message.get("Via")).toBe(invite.message.get("Via"));
    await failed;
  });

  test("100 Trying is not passed up", async () => {
    const provisional: number[] = [];
    const creating = rig.app.srf.createUAC(
      rig.peer.uri,
      { localSdp: sdp("a") },
      { cbProvisional: (response) => provisional.push(response.status) },
    );
    const failed = creating.catch(() => undefined);
    const invite = await rig.peer.expect("INVITE");
    rig.peer.reply(invite, 100);
    rig.peer.reply(invite, 183);
    rig.peer.reply(invite, 603);
    await failed;
    expect(provisional).toEqual([183]);
  });

  test("cancel sends a CANCEL and the call ends with 487", async () => {
    const requested = new Promise<SrfRequest>((resolve) => {
      rig.app.srf
        .createUAC(rig.peer.uri, { localSdp: sdp("a") }, { cbRequest: (_error, request) => resolve(request) })
        .catch((error: unknown) => ended(error));
    });
    let ended: (error: unknown) => void = () => undefined;
    const failure = new Promise<unknown>((resolve) => (ended = resolve));
    const request = await requested;
    const invite = await rig.peer.expect("INVITE");
    rig.peer.reply(invite, 180);
    request.cancel();
    const cancel = await rig.peer.expect("CANCEL");
    expect(cancel.message.get("Via")).toBe(invite.message.get("Via"));
    rig.peer.reply(cancel, 200);
    rig.peer.reply(invite, 487);
    await rig.peer.expect("ACK");
    expect(await failure).toMatchObject({ status: 487 });
  });

  test("a challenge is answered with credentials: same Call-ID and From, next CSeq", async () => {
    const creating = rig.app.srf.createUAC(rig.peer.uri, {
      localSdp: sdp("a"),
      auth: { username: "alice", password: "wonder" },
    });
    const first = await rig.peer.expect("INVITE");
    rig.peer.reply(first, 407, { headers: [["Proxy-Authenticate", 'Digest realm="r", nonce="n", algorithm=MD5']] });
    await rig.peer.expect("ACK");
    const second = await rig.peer.expect("INVITE");
    const number = (text: string | undefined): number => Number(text?.split(" ")[0]);
    expect(second.message.get("Proxy-Authorization")).toContain('username="alice"');
    expect(second.message.get("Call-ID")).toBe(first.message.get("Call-ID"));
    expect(readTag(second.message.get("From") ?? "")).toBe(readTag(first.message.get("From") ?? ""));
    expect(number(second.message.get("CSeq"))).toBe(number(first.message.get("CSeq")) + 1);
    rig.peer.reply(second, 200, { body: sdp("b"), headers: json });
    await rig.peer.expect("ACK");
    const dialog = await creating;
    const ended = dialog.destroy();
    rig.peer.reply(await rig.peer.expect("BYE"), 200);
    await ended;
  });

  test("a repeated 2xx is acknowledged again and not passed up", async () => {
    const creating = rig.app.srf.createUAC(rig.peer.uri, { localSdp: sdp("a") });
    const invite = await rig.peer.expect("INVITE");
    const answer = rig.peer.reply(invite, 200, { body: sdp("b"), headers: json });
    const first = await rig.peer.expect("ACK");
    const dialog = await creating;
    rig.peer.send(answer, invite.from);
    const second = await rig.peer.expect("ACK");
    expect(second.message.get("CSeq")).toBe(first.message.get("CSeq"));
    const ended = dialog.destroy();
    rig.peer.reply(await rig.peer.expect("BYE"), 200);
    await ended;
  });

  test("a reliable 183 is acknowledged with PRACK by drachtio-srf, in the early dialog", async () => {
    const creating = rig.app.srf.createUAC(rig.peer.uri, { localSdp: sdp("a"), headers: { Supported: "100rel" } });
    const invite = await rig.peer.expect("INVITE");
    rig.peer.reply(invite, 183, { headers: [["Require", "100rel"], ["RSeq", "77"], ...json], body: sdp("early") });
    const prack = await rig.peer.expect("PRACK");
    expect(prack.message.get("RAck")).toBe(`77 ${invite.message.get("CSeq")}`);
    expect(readTag(prack.message.get("To") ?? "")).toBe(rig.peer.tagOf(invite.message.get("Call-ID") ?? ""));
    rig.peer.reply(prack, 200);
    rig.peer.reply(invite, 200, { body: sdp("b"), headers: json });
    await rig.peer.expect("ACK");
    const dialog = await creating;
    const ended = dialog.destroy();
    rig.peer.reply(await rig.peer.expect("BYE"), 200);
    await ended;
  });

  test("follows the recorded route in reverse and the answer's Contact", async () => {
    const creating = rig.app.srf.createUAC(rig.peer.uri, { localSdp: sdp("a") });
    const invite = await rig.peer.expect("INVITE");
    rig.peer.reply(invite, 200, {
      contact: false,
      headers: [
        ["Contact", `<sip:other@${rig.peer.hostport}>`],
        ["Record-Route", "<sip:192.0.2.60;lr>"],
        ["Record-Route", `<sip:${rig.peer.hostport};lr;p=2>`],
        ...json,
      ],
      body: sdp("b"),
    });
    const ack = await rig.peer.expect("ACK");
    expect(ack.message.uri).toBe(`sip:other@${rig.peer.hostport}`);
    expect(ack.message.getAll("Route").join(",").replaceAll(/\s/g, "")).toBe(
      `<sip:${rig.peer.hostport};lr;p=2>,<sip:192.0.2.60;lr>`,
    );
    const ended = (await creating).destroy();
    rig.peer.reply(await rig.peer.expect("BYE"), 200);
    await ended;
  });

  test("without an offer, the answer goes in the ACK", async () => {
    const creating = rig.app.srf.createUAC(rig.peer.uri, { noAck: true });
    const invite = await rig.peer.expect("INVITE");
    expect(invite.message.body).toBe("");
    rig.peer.reply(invite, 200, { body: sdp("offer"), headers: json });
    const pending = (await creating) as unknown as {
      sdp: string;
      ack: (sdp: string) => Promise<{ destroy: () => Promise<unknown> }>;
    };
    expect(pending.sdp).toBe(sdp("offer"));
    const acknowledged = pending.ack(sdp("answer"));
    const ack = await rig.peer.expect("ACK");
    expect([ack.message.body, ack.message.get("Content-Type")]).toEqual([sdp("answer"), "application/sdp"]);
    const ended = (await acknowledged).destroy();
    rig.peer.reply(await rig.peer.expect("BYE"), 200);
    await ended;
  });
});

describe("request out of a dialog", () => {
  test("keeps Call-ID, CSeq number, From and To with their tags, and the application's own headers", async () => {
    const request = await rig.app.srf.request(rig.peer.uri, {
      method: "MESSAGE",
      headers: {
        "Call-ID": "given-call-id",
        CSeq: "4711 MESSAGE",
        From: "<sip:alice@example.com>;tag=from-tag",
        To: "<sip:bob@example.com>;tag=to-tag",
        "X-Custom": "kept",
        "Content-Type": "text/plain",
      },
      body: "hello",
    });
    const message = await rig.peer.expect("MESSAGE");
    expect(["Call-ID", "CSeq", "From", "To", "X-Custom"].map((name) => message.message.get(name))).toEqual([
      "given-call-id",
      "4711 MESSAGE",
      "<sip:alice@example.com>;tag=from-tag",
      "<sip:bob@example.com>;tag=to-tag",
      "kept",
    ]);
    expect(request.get("Call-ID")).toBe("given-call-id");
    const answered = finalResponse(request);
    rig.peer.reply(message, 200);
    expect((await answered).status).toBe(200);
  });

  test("drops Via, Route, Record-Route and RSeq of the application", async () => {
    await rig.app.srf.request(rig.peer.uri, {
      method: "OPTIONS",
      headers: {
        Via: "SIP/2.0/UDP 9.9.9.9;branch=z9hG4bKx",
        Route: "<sip:9.9.9.9;lr>",
        "Record-Route": "<sip:9.9.9.9;lr>",
        RSeq: "1",
      },
    });
    const options = await rig.peer.expect("OPTIONS");
    expect(["Route", "Record-Route", "RSeq"].filter((name) => options.message.has(name))).toEqual([]);
    expect(options.message.getAll("Via")).toHaveLength(1);
    rig.peer.reply(options, 200);
  });

  test("goes to the next hop that `proxy` names; no Route is written", async () => {
    await rig.app.srf.request("sip:bob@unreachable.invalid", { method: "OPTIONS", proxy: rig.peer.uri });
    const options = await rig.peer.expect("OPTIONS");
    expect([options.message.uri, options.message.has("Route")]).toEqual(["sip:bob@unreachable.invalid", false]);
    rig.peer.reply(options, 200);
  });

  test("a body without Content-Type that is no session description is refused", async () => {
    await expect(rig.app.srf.request(rig.peer.uri, { method: "MESSAGE", body: "hello" })).rejects.toThrow(
      "missing content-type",
    );
  });

  test("to the server itself is refused", async () => {
    const own = `sip:${rig.server.sip.address}:${rig.server.sip.port}`;
    await expect(rig.app.srf.request(own, { method: "OPTIONS" })).rejects.toThrow("can not send request to myself");
  });

  test("in a dialog the server does not know gives ENODIALOG", async () => {
    await expect(
      rig.app.srf.request("sip:placeholder", { method: "INFO", stackDialogId: "no-such-dialog" }),
    ).rejects.toMatchObject({ code: "ENODIALOG" });
  });

  test("non-final and final responses come with their own source", async () => {
    const request = await rig.app.srf.request(rig.peer.uri, { method: "OPTIONS" });
    const options = await rig.peer.expect("OPTIONS");
    const answered = once(request, "response");
    rig.peer.reply(options, 481, { headers: [["X-From", "peer"]] });
    const [response] = (await answered) as [SrfResponse & { source_address: string; source_port: number }];
    expect([response.status, response.get("X-From"), response.source_address, response.source_port]).toEqual([
      481,
      "peer",
      "127.0.0.1",
      rig.peer.port,
    ]);
  });
});
