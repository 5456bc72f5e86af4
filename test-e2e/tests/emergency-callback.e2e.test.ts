import type { SipMessage } from "@tandem/sip";
import { SipPeer, until, type Arrived, type PeerAddressOf } from "@tandem/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { killProcess, untilWorkers } from "../harness/kill.ts";
import { forgetAll, hangUp, invite, setUp } from "../harness/scripted-call.ts";
import { makeTopology } from "../harness/topology.ts";

const ELINS = ["+12125550901", "+12125550902"] as const;
/** Long enough for two tests and three workers that are started again on a busy machine. */
const WINDOW_S = 70;

const open = (user: string) => SipPeer.open({ user, patienceMs: 15_000 });
const [alice, bob, carol] = [await open("2001"), await open("2002"), await open("2003")];
/** The PSAP takes emergency calls at its trunk and calls back over the public network of another pool. */
const [psap, pstn] = [await open("psap"), await open("3125550199")];
/** Where an ordinary call to an extension goes: it is forwarded. */
const assistant = await open("assistant");

let cluster: TestCluster;
let east: PeerAddressOf;
let west: PeerAddressOf;

beforeAll(async () => {
  const office = (port: number) => ({ port, listener: "core", kind: "core" as const, trusted: true, usages: ["any"] });
  const topology = await makeTopology({
    pools: { east: { workers: 2 }, west: { listeners: { out: {} } } },
    trunks: {
      alice: office(alice.port),
      bob: office(bob.port),
      carol: office(carol.port),
      assistant: { port: assistant.port },
      psap: { port: psap.port, kind: "e911", emergency: { profile: "elin" } },
      pstn: { port: pstn.port, pool: "west", usages: ["any"] },
    },
    routes: [{ name: "forwarded", match: "^200\\d$", usages: ["any"], trunks: ["assistant"] }],
    emergency: {
      trunks: ["psap"],
      callbackWindow: `${WINDOW_S}s`,
      callbackHeader: { name: "X-Emergency-Callback", value: "yes" },
      sites: [{ name: "head-office", subnets: ["127.0.0.1"], erl: "head-office" }],
      erls: [{ name: "head-office", elins: [...ELINS] }],
    },
  });
  cluster = await startCluster(topology);
  east = { address: "127.0.0.1", port: cluster.port("core") };
  west = { address: "127.0.0.1", port: cluster.port("out", "west") };
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([alice, bob, carol, psap, pstn, assistant].map((peer) => peer.close()));
});
beforeEach(() => forgetAll([alice, bob, carol, psap, pstn, assistant]));

interface CallBody {
  readonly callingNumber: string;
  readonly emergency: { readonly elin: string | null };
}

async function emergencyCall(caller: SipPeer): Promise<void> {
  const call = await setUp({ caller, callee: psap, to: east }, { number: "911" });
  await hangUp(call, caller, psap);
}

/** The PSAP calls a number over the public network; gives what `callee` got. It does not answer. */
async function callBack(number: string, callee: SipPeer, headers: readonly [string, string][] = []): Promise<Arrived> {
  const sent = invite(pstn, west, { number, headers });
  const arrived = await callee.expect("INVITE");
  callee.reply(arrived, 480);
  await callee.expect("ACK");
  await pstn.expect((message) => message.status >= 400 && message.get("Call-ID") === sent.get("Call-ID"));
  return arrived;
}

describe("B1: ELINs", () => {
  it("are lent to different callers; the third shares the one lent longer ago", async () => {
    for (const caller of [alice, bob, carol]) await emergencyCall(caller);
    const records = async () => (await cluster.api.get("/v1/emergency/calls")).body as readonly CallBody[];
    await until(async () => (await records()).length === 3, { what: "three emergency records" });
    const lent = (await records()).toReversed().map(({ callingNumber, emergency }) => [callingNumber, emergency.elin]);
    expect(lent).toEqual([
      ["2001", ELINS[0]],
      ["2002", ELINS[1]],
      ["2003", ELINS[0]],
    ]);
  });

  it.each([
    [ELINS[1], bob, "2002"],
    ["2125550902", bob, "2002"],
    [ELINS[0], carol, "2003"],
  ] as const)("a call back to %s from another pool rings the caller behind it", async (number, callee, user) => {
    const { message } = await callBack(number, callee);
    expect(message.uri).toBe(`sip:${user}@${callee.hostport}`);
    expect(message.get("To")).toContain(`sip:${user}@`);
  });
});

describe("A14: the callback window", () => {
  it("within it the caller's own number rings him past forwards and do-not-disturb", async () => {
    const { message } = await callBack("2001", alice);
    expect(message.get("Priority")).toBe("psap-callback");
    expect(message.get("X-Emergency-Callback")).toBe("yes");
    expect(assistant.seen).toEqual([]);
  });

  it("holds after every worker was killed with -9", async () => {
    for (const worker of ["worker-east-1", "worker-east-2", "worker-west-1"]) await killProcess(cluster, worker);
    await untilWorkers(cluster, 3);
    const { message } = await callBack(ELINS[1], bob);
    expect(message.get("Priority")).toBe("psap-callback");
  });

  it("a claim of a trunk that is no PSAP's is taken off", async () => {
    const { message } = await callBack("2009", assistant, [["Priority", "psap-callback"]]);
    expect(message.get("Priority")).toBeUndefined();
  });

  it("after it the call is forwarded like any other", async () => {
    await until(async () => (await whoIsRung("2001")) === assistant, {
      what: "the end of the window",
      limitMs: (WINDOW_S + 15) * 1_000,
      everyMs: 200,
    });
  });
});

const isInvite = ({ kind, method }: SipMessage): boolean => kind === "request" && method === "INVITE";

/** Calls the number from outside and tells whose phone rings; the call goes no further. */
async function whoIsRung(number: string): Promise<SipPeer> {
  const sent = invite(pstn, west, { number });
  const rung = () => [assistant, alice].find((peer) => peer.untaken.some(({ message }) => isInvite(message))) ?? null;
  await until(() => rung() !== null, { what: "an INVITE" });
  const peer = rung() ?? assistant;
  const arrived = await peer.expect("INVITE");
  if (peer === assistant) expect(arrived.message.get("Priority")).toBeUndefined();
  peer.reply(arrived, 480);
  await peer.expect("ACK");
  await pstn.expect((message) => message.status >= 400 && message.get("Call-ID") === sent.get("Call-ID"));
  return peer;
}
