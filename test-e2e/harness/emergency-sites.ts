import type { HeaderLine, SipMessage } from "@tandem/sip";
import { SipPeer, until, type PeerAddressOf } from "@tandem/testkit";
import { startCluster, type TestCluster } from "./cluster.ts";
import { sipPorts } from "./ports.ts";
import { startHttpReceiver } from "./receivers.ts";
import { forgetAll } from "./scripted-call.ts";
import { startUas, type SippRun } from "./sipp.ts";
import type { LoggedMessage } from "./sipp-log.ts";
import { makeTopology } from "./topology.ts";

/** A user with a location policy of his own. */
export const USER = "+15185550100";

/** Callers, and whoever may be called. */
const USERS = {
  alice: USER,
  guest: "+15185550199",
  desk: "+15185550200",
  north: "north",
  south: "south",
  mobile: "mobile",
  anybody: "anybody",
  slow: "slow",
  quick: "quick",
  centre: "centre",
} as const;
type HttpReceiver = Awaited<ReturnType<typeof startHttpReceiver>>;
type PeerName = keyof typeof USERS;
type Called = Exclude<PeerName, "alice" | "guest"> | "provider";

/** A core, and sites with a way out, people to be told and ELINs of their own. `at` is the port of every peer, `told` the web hooks of the two desks. */
function topologyOf(
  at: Readonly<Record<Called, number>>,
  told: Readonly<Record<"north" | "south", string>>,
): ReturnType<typeof makeTopology> {
  const elin = { profile: "elin" } as const;
  return makeTopology({
    core: { usages: ["any"], refer: "act" },
    trunks: {
      desk: { port: at.desk, refer: "act" },
      north: { port: at.north, kind: "e911", emergency: elin },
      south: { port: at.south, kind: "e911", emergency: elin },
      mobile: { port: at.mobile, kind: "e911" },
      anybody: { port: at.anybody, kind: "e911" },
      slow: { port: at.slow, kind: "e911", progressTimeout: "1s" },
      quick: { port: at.quick, kind: "e911" },
      provider: { port: at.provider, kind: "e911" },
      centre: { port: at.centre },
    },
    routes: [{ name: "desk", match: "^100$", usages: ["any"], trunks: ["desk"] }],
    emergency: {
      trunks: ["anybody"],
      screeningNumber: "+18005550199",
      screeningTrunks: ["centre"],
      siteFrom: "header",
      siteHeader: "X-Client-Address",
      policy: "everybody",
      policies: [
        { name: "north", trunks: ["north"], notify: ["north"] },
        { name: "south", trunks: ["south"], notify: ["south"] },
        { name: "mobile", trunks: ["mobile"] },
        { name: "late", trunks: ["slow", "quick"] },
        { name: "gateways", trunks: ["provider"] },
        { name: "screened", trunks: ["mobile"], screenedCalls: "screening-number" },
        { name: "located", trunks: ["provider"], screenedCalls: "screening-number" },
        { name: "everybody" },
      ],
      users: [{ numbers: [USER], policy: "mobile" }],
      sites: [
        { name: "north", subnets: ["10.1.0.0/16"], policy: "north", erl: "north" },
        { name: "south", subnets: ["10.2.0.0/16"], policy: "south", erl: "south" },
        { name: "late", subnets: ["10.3.0.0/16"], policy: "late" },
        { name: "screened", subnets: ["10.4.0.0/16"], policy: "screened" },
        { name: "located", subnets: ["10.5.0.0/16"], policy: "located" },
        {
          name: "gateways",
          subnets: ["127.0.0.1/32"],
          policy: "gateways",
          location: { country: "US", a1: "NY", a3: "Albany", rd: "Main", sts: "St", hno: "1", flr: "3" },
        },
      ],
      erls: [
        { name: "north", elins: ["+15185550901"] },
        { name: "south", elins: ["+15185550902"] },
      ],
      notificationTargets: [
        { name: "north", kind: "webhook", url: told.north },
        { name: "south", kind: "webhook", url: told.south },
      ],
    },
  });
}

interface EmergencyBody {
  readonly sipCallId: string;
  readonly callingNumber: string;
  readonly calledNumber: string;
  readonly outcome: string;
  readonly egressTrunk: string | null;
  readonly emergency: Readonly<Record<string, unknown>>;
  readonly attempts: readonly { readonly trunk: string; readonly outcome: string }[];
  readonly considered: readonly { readonly trunk: string; readonly reason: string }[];
}

/** A core and sites, each with its way out, its ELIN and a desk to be told; a cluster between them and scripted peers, and a provider that is SIPp. */
export class EmergencySites {
  readonly peers: Readonly<Record<PeerName, SipPeer>>;
  readonly told: Readonly<Record<"north" | "south", HttpReceiver>>;
  cluster!: TestCluster;
  /** Where callers are served. */
  to!: PeerAddressOf;
  #sipp: readonly SippRun[] = [];

  private constructor(peers: EmergencySites["peers"], told: EmergencySites["told"]) {
    this.peers = peers;
    this.told = told;
  }

  /** Opens the peers. */
  static async open(): Promise<EmergencySites> {
    const open = async ([name, user]: [string, string]) => [name, await SipPeer.open({ user, patienceMs: 12_000 })];
    const peers = Object.fromEntries(await Promise.all(Object.entries(USERS).map(open))) as EmergencySites["peers"];
    return new EmergencySites(peers, { north: await startHttpReceiver(), south: await startHttpReceiver() });
  }

  /** Starts the provider and the cluster. */
  async start(): Promise<void> {
    const [provider] = await sipPorts(1);
    const ports = Object.fromEntries(Object.entries(this.peers).map(([name, { port }]) => [name, port]));
    const at = { ...(ports as Record<PeerName, number>), provider };
    const topology = await topologyOf(at, { north: this.told.north.url, south: this.told.south.url });
    this.cluster = await startCluster(topology);
    this.to = { address: "127.0.0.1", port: this.cluster.port("core") };
    // An INVITE with a location is larger than a datagram should be and comes over TCP (RFC 3261 §18.1.1).
    const scenario = { scenario: "uas-basic-expect-200", port: provider, limitMs: 600_000 } as const;
    this.#sipp = [await startUas(scenario), await startUas({ ...scenario, transport: "t1" })];
  }

  async stop(): Promise<void> {
    await this.cluster?.stop();
    await Promise.all(Object.values(this.peers).map((peer) => peer.close()));
    await Promise.all([this.told.north.close(), this.told.south.close()]);
  }

  /** Before each test. */
  forget(): void {
    forgetAll(Object.values(this.peers));
  }

  /** INVITEs at the provider that is SIPp, in order. */
  async invites(): Promise<readonly LoggedMessage[]> {
    const logs = (await Promise.all(this.#sipp.map((run) => run.messages()))).flat();
    const received = logs.filter(({ what, direction }) => what === "INVITE" && direction === "received");
    return received.toSorted((left, right) => left.atMs - right.atMs);
  }

  /** The record of kind `emergency` of a call, once it is written. */
  async recordOf(sent: SipMessage): Promise<EmergencyBody> {
    const sipCallId = sent.get("Call-ID");
    const url = "/v1/emergency/calls?limit=100";
    const all = async () => (await this.cluster.api.get(url)).body as readonly EmergencyBody[];
    const found = async () => (await all()).find((record) => record.sipCallId === sipCallId);
    await until(async () => (await found()) !== undefined, { what: "the emergency record" });
    return (await found())!;
  }
}

/** What tells of a caller's site. */
export const from = (address: string): readonly HeaderLine[] => [["X-Client-Address", address]];
