import type { HeaderLine } from "@tandem/sip";
import { SipPeer, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { forgetAll, hangUp, invite, SDP, session, setUp, type ScriptedCall } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

// Every party has an address of its own, so that a leak of one leg's network into the other can be seen.
const alice = await SipPeer.open({ user: "alice", address: "127.0.0.2" });
const open = await SipPeer.open({ user: "open", address: "127.0.0.3" });
const closed = await SipPeer.open({ user: "closed", address: "127.0.0.4" });
const stranger = await SipPeer.open({ user: "stranger", address: "127.0.0.5" });
const sos = await SipPeer.open({ user: "sos", address: "127.0.0.6" });
const peers = [alice, open, closed, stranger, sos];

let cluster: TestCluster;
let core: PeerAddressOf;
let out: PeerAddressOf;

beforeAll(async () => {
  const forwardAll = { forwardPai: true, forwardHistory: true, forwardDiversion: true };
  const topology = await makeTopology({
    core: { usages: ["any"], ...forwardAll, trusted: true },
    gateways: [
      { name: "core", kind: "core", address: alice.address },
      { name: "open", kind: "sbc", address: open.address },
      { name: "closed", kind: "pstn", address: closed.address },
      { name: "sos", kind: "e911", address: sos.address },
    ],
    trunks: {
      open: { port: open.port, ...forwardAll, trusted: true },
      closed: { port: closed.port },
      sos: { port: sos.port },
    },
    routes: [
      { name: "open", match: "^100$", usages: ["any"], trunks: ["open"] },
      { name: "closed", match: "^200$", usages: ["any"], trunks: ["closed"] },
    ],
    emergency: { trunks: ["sos"] },
  });
  cluster = await startCluster(topology);
  core = { address: "127.0.0.1", port: cluster.port("core") };
  out = { address: "127.0.0.1", port: cluster.port("out") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all(peers.map((peer) => peer.close()));
});
beforeEach(() => forgetAll(peers));

const IDENTITY: readonly HeaderLine[] = [
  ["P-Asserted-Identity", '"Alice" <sip:+12125550100@core.example>'],
  ["History-Info", "<sip:+12125550199@core.example>;index=1"],
  ["History-Info", "<sip:100@core.example?Reason=SIP%3Bcause%3D302>;index=1.1;rc=1"],
  ["Diversion", "<sip:+12125550199@core.example>;reason=unconditional;counter=1"],
];

describe("a source that no trunk names", () => {
  it("gets 403 on every listener, with one log line and one count, and the callee nothing", async () => {
    for (const to of [core, out]) {
      const sent = invite(stranger, to);
      stranger.ackFailure(sent, await stranger.expect(403));
    }
    expect(open.seen).toEqual([]);
  });

  it("gets an emergency call through on a listener that serves callers, and 403 on one that does not", async () => {
    const sent = invite(stranger, core, { number: "911" });
    const arrived = await sos.expect("INVITE");
    sos.reply(arrived, 486);
    // Nobody's word ends an emergency call: the others are asked, too.
    for (const peer of [open, closed]) peer.reply(await peer.expect("INVITE"), 486);
    stranger.ackFailure(sent, await stranger.expect(503));
    const refused = invite(stranger, out, { number: "911" });
    stranger.ackFailure(refused, await stranger.expect(403));
  });
});

describe("topology hiding", () => {
  let call: ScriptedCall;
  beforeAll(async () => {
    call = await setUp(
      { caller: alice, callee: closed, to: core },
      {
        number: "200",
        headers: [
          ["User-Agent", "alice-phone/1.0 (127.0.0.2)"],
          ["Record-Route", "<sip:127.0.0.2:5999;lr>"],
          ["Subject", "kept as it is"],
        ],
        answerHeaders: [["Server", "closed-gateway/1.0 (127.0.0.4)"]],
      },
    );
  });

  const withoutBody = (text: string) => text.split("\r\n\r\n", 1)[0] ?? "";

  it("nothing of the caller's network is in what the callee gets", async () => {
    const seen = withoutBody(call.arrived.text);
    expect(seen).not.toContain("127.0.0.2");
    expect(seen).not.toContain(call.sent.get("Call-ID"));
    expect(seen).not.toContain(call.caller.localTag);
    expect(seen).not.toMatch(/^Record-Route:/im);
  });

  it("nothing of the callee's network is in what the caller gets", () => {
    const seen = withoutBody(call.answer.text);
    expect(seen).not.toContain("127.0.0.4");
    expect(seen).not.toContain(call.callee.callId);
    expect(seen).not.toContain(call.callee.localTag);
  });

  it("requests in the dialog hide as much", async () => {
    call.caller.request("INFO", { headers: [["Contact", "<sip:alice@127.0.0.2>"]] });
    const info = await closed.expect("INFO");
    expect(withoutBody(info.text)).not.toContain("127.0.0.2");
    closed.reply(info, 200, { headers: [["Server", "closed-gateway (127.0.0.4)"]] });
    expect(withoutBody((await alice.expect("200 INFO")).text)).not.toContain("127.0.0.4");
    await hangUp(call, alice, closed);
  });

  it("headers nobody owns pass unchanged", () => {
    expect(call.arrived.message.get("Subject")).toBe("kept as it is");
  });
});

describe("B11: identity and history by trunk flags", () => {
  it("flags on: P-Asserted-Identity, History-Info and Diversion arrive", async () => {
    const call = await setUp({ caller: alice, callee: open, to: core }, { headers: IDENTITY });
    const { message } = call.arrived;
    expect(message.get("P-Asserted-Identity")).toContain("+12125550100");
    expect(message.getAll("History-Info").join(",")).toContain("index=1.1");
    expect(message.get("Diversion")).toContain("reason=unconditional");
    await hangUp(call, alice, open);
  });

  it("flags off: none of them arrives", async () => {
    const call = await setUp({ caller: alice, callee: closed, to: core }, { number: "200", headers: IDENTITY });
    const { message } = call.arrived;
    for (const name of ["P-Asserted-Identity", "History-Info", "Diversion"]) expect(message.has(name)).toBe(false);
    await hangUp(call, alice, closed);
  });

  it("Privacy: id keeps the identity from an untrusted peer, not from a trusted one (RFC 3325 §7)", async () => {
    const headers: readonly HeaderLine[] = [...IDENTITY, ["Privacy", "id"]];
    const trusted = await setUp({ caller: alice, callee: open, to: core }, { headers });
    expect(trusted.arrived.message.get("P-Asserted-Identity")).toContain("+12125550100");
    await hangUp(trusted, alice, open);
    const untrusted = await setUp({ caller: alice, callee: closed, to: core }, { number: "200", headers });
    expect(untrusted.arrived.message.has("P-Asserted-Identity")).toBe(false);
    await hangUp(untrusted, alice, closed);
  });
});

describe("malformed and hostile requests", () => {
  it.each([
    ["no CSeq", (text: string) => text.replace(/^CSeq:.*\r\n/m, ""), /^SIP\/2\.0 400/],
    ["a method that CSeq does not name", (text: string) => text.replace("1 INVITE", "1 BYE"), /^SIP\/2\.0 400/],
    ["another version", (text: string) => text.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"), /^SIP\/2\.0 505/],
  ])("%s gets its answer, and the next call works", async (_name, spoil, answer) => {
    const good = await setUp({ caller: alice, callee: open, to: core });
    await hangUp(good, alice, open);
    const { formatMessage } = await import("@tandem/sip");
    alice.send(spoil(formatMessage(good.sent).replaceAll("z9hG4bK", `z9hG4bK${Date.now()}`)), core);
    const refused = await alice.expect((message) => message.kind === "response" && message.status >= 400);
    expect(refused.text).toMatch(answer);
    const next = await setUp({ caller: alice, callee: open, to: core });
    await hangUp(next, alice, open);
  });

  it("an unknown method is answered with 405 or 501 and an Allow", async () => {
    alice.request("PUBLISH", core, { headers: [SDP], body: session(1) });
    const refused = await alice.expect((message) => message.get("CSeq")?.endsWith("PUBLISH") === true);
    expect([405, 501]).toContain(refused.message.status);
    expect(refused.message.has("Allow")).toBe(true);
  });
});
