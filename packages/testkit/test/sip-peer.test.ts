import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let alice: SipPeer;
let bob: SipPeer;
let to: PeerAddressOf;

beforeEach(async () => {
  [alice, bob] = await Promise.all([SipPeer.open({ user: "alice" }), SipPeer.open({ user: "bob" })]);
  to = { address: bob.address, port: bob.port };
});
afterEach(() => Promise.all([alice.close(), bob.close()]));

const methods = (peer: SipPeer) => peer.untaken.map(({ message }) => message.method);
const repeats = (peer: SipPeer, count: number) =>
  until(() => peer.repeated.length === count, { what: `${count} repeated messages` });

describe("a request that comes again (RFC 3261 §17.2)", () => {
  it("gets the last response again, and is not taken for another one", async () => {
    const invite = alice.request("INVITE", to);
    const arrived = await bob.expect("INVITE");
    bob.reply(arrived, 180);
    const ringing = await alice.expect("180 INVITE");
    alice.send(invite, to);
    expect((await alice.expect("180 INVITE")).text).toBe(ringing.text);
    bob.reply(arrived, 200);
    const answer = await alice.expect("200 INVITE");
    alice.send(invite, to);
    expect((await alice.expect("200 INVITE")).text).toBe(answer.text);
    expect(methods(bob)).toEqual([]);
    expect(bob.repeated).toHaveLength(2);
    expect(bob.seen).toHaveLength(3);
  });

  it("before there is a response is not taken for another one either", async () => {
    const bye = alice.request("BYE", to);
    alice.send(bye, to);
    const arrived = await bob.expect("BYE");
    await repeats(bob, 1);
    bob.reply(arrived, 200);
    await alice.expect("200 BYE");
    expect([methods(alice), methods(bob)]).toEqual([[], []]);
  });

  it("keeps its final response when a provisional one is sent after it", async () => {
    const invite = alice.request("INVITE", to);
    const arrived = await bob.expect("INVITE");
    bob.reply(arrived, 486);
    bob.reply(arrived, 180);
    alice.send(invite, to);
    for (const wanted of ["486 INVITE", "180 INVITE", "486 INVITE"]) await alice.expect(wanted);
  });

  it("with a branch of its own is another one, and so is a CANCEL with that of its INVITE", async () => {
    const invite = alice.request("INVITE", to, { callId: "one" });
    alice.request("INVITE", to, { callId: "one" });
    alice.cancel(invite, to);
    for (const wanted of ["INVITE", "INVITE", "CANCEL"]) await bob.expect(wanted);
  });
});

describe("an ACK", () => {
  it("of a failure is shown once", async () => {
    const invite = alice.request("INVITE", to);
    bob.reply(await bob.expect("INVITE"), 486);
    const refused = await alice.expect(486);
    alice.ackFailure(invite, refused);
    alice.ackFailure(invite, refused);
    await bob.expect("ACK");
    await repeats(bob, 1);
    expect(methods(bob)).toEqual([]);
  });

  it("of a 2xx is shown as often as it comes: it is no part of a transaction", async () => {
    const invite = alice.request("INVITE", to);
    bob.reply(await bob.expect("INVITE"), 200);
    const dialog = alice.dialogAsCaller(invite, await alice.expect("200 INVITE"));
    const ack = dialog.ack();
    alice.send(ack, to);
    await bob.expect("ACK");
    await bob.expect("ACK");
  });
});

describe("a final response that comes again", () => {
  it.each([200, 486])("%i is shown until it is acknowledged, and then answered with the ACK", async (status) => {
    const invite = alice.request("INVITE", to);
    const arrived = await bob.expect("INVITE");
    for (let count = 0; count < 3; count += 1) bob.reply(arrived, status);
    const answer = await alice.expect(`${status} INVITE`);
    await until(() => alice.untaken.length === 2, { what: "two more of them" });
    if (status === 200) alice.dialogAsCaller(invite, answer).ack();
    else alice.ackFailure(invite, answer);
    expect(alice.untaken).toEqual([]);
    await bob.expect("ACK");
    bob.reply(arrived, status);
    await repeats(alice, 1);
    await until(() => bob.seen.filter((line) => line.startsWith("ACK")).length === 2, { what: "the ACK again" });
    expect(alice.untaken).toEqual([]);
  });
});

it("what nobody took is gone once the peer forgets it", async () => {
  alice.request("OPTIONS", to);
  await until(() => bob.untaken.length === 1, { what: "the request" });
  bob.forget();
  expect(bob.untaken).toEqual([]);
  expect(bob.seen).toHaveLength(1);
});
