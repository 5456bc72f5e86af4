import { createHash } from "node:crypto";
import { bodyLeaves, parseMessage, type HeaderLine, type NewPart, type SipMessage } from "@tandem/sip";
import { until, type SipPeer } from "@tandem/testkit";
import type { TestCluster } from "./cluster.ts";
import { session } from "./scripted-call.ts";
import { startUas, type SippRun } from "./sipp.ts";
import type { LoggedMessage } from "./sipp-log.ts";
import { makeTopology } from "./topology.ts";

/** A site with an address and an ELIN, and a trunk for every way that location goes out. `at` is the port of every peer, `held` the secondary location source. */
export function locatedSite(
  at: Readonly<Record<"sos" | "esinet" | "elin" | "refusing", number>>,
  held: string,
): ReturnType<typeof makeTopology> {
  return makeTopology({
    pools: { east: { listeners: { core: { serves: "callers" }, out: {} } } },
    core: { usages: ["any"] },
    trunks: {
      sos: { port: at.sos, kind: "e911" },
      esinet: { port: at.esinet, kind: "e911", emergency: { profile: "i3" } },
      elin: { port: at.elin, emergency: { profile: "elin", location: "strip" } },
      refusing: { port: at.refusing, kind: "e911" },
    },
    routes: [],
    emergency: {
      trunks: ["sos"],
      fallbackTrunks: ["elin"],
      siteFrom: "header",
      siteHeader: "X-Client-Address",
      sites: [
        {
          name: "hq",
          subnets: ["10.1.0.0/16"],
          erl: "hq-3",
          location: { country: "US", a1: "NY", a3: "Albany", rd: "Main", sts: "St", hno: "1", flr: "3" },
        },
      ],
      erls: [{ name: "hq-3", elins: ["+15185550111"] }],
      provider: {
        organization: "Example University",
        id: "EXU1",
        contact: "tel:+15185550199",
        fqdn: "tandem.example.com",
      },
      lis: {
        secondary: {
          url: held,
          timeout: "400ms",
        },
      },
    },
  });
}

export const hash = (text: string): string => createHash("sha256").update(text, "latin1").digest("hex");
export const SDP: NewPart = { headers: [["Content-Type", "application/sdp"]], body: session(1) };
export const PIDF: NewPart = {
  headers: [
    ["Content-Type", "application/pidf+xml"],
    ["Content-ID", "<location@example.com>"],
  ],
  body: [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="sip:ann@example.com">',
    `<tuple id="_LIS:0"><status><gp:geopriv><gp:location-info><ca:civicAddress><ca:A3>${Buffer.from("Malmö").toString("latin1")}</ca:A3></ca:civicAddress></gp:location-info>`,
    "\t<gp:usage-rules/><gp:method>LIS</gp:method></gp:geopriv></status></tuple></presence>",
    "",
  ].join("\r\n"),
};
export const mixed: HeaderLine = ["Content-Type", "multipart/mixed;boundary=b1"];
export const located: readonly HeaderLine[] = [
  ["Geolocation", '<cid:location@example.com>;inserted-by="sip:ann@example.com"'],
  ["Geolocation-Routing", "yes"],
  ["Priority", "emergency"],
  ["Supported", "geolocation"],
];

/** The location documents in a message. */
export const pidfOf = (message: SipMessage): readonly string[] =>
  bodyLeaves(message)
    .filter(({ mediaType }) => mediaType === "application/pidf+xml")
    .map(({ body }) => body.trimEnd());

const callees = new Map<number, readonly SippRun[]>();

/** Answers every call on a port, over UDP and TCP; gives the INVITEs so far, in order. Large ones come over TCP (RFC 3261 §18.1.1). */
export async function calleeAt(port: number): Promise<() => Promise<readonly LoggedMessage[]>> {
  const options = { scenario: "uas-basic-expect-200", port, limitMs: 600_000 } as const;
  const known = callees.get(port) ?? [await startUas(options), await startUas({ ...options, transport: "t1" })];
  callees.set(port, known);
  return async () => {
    const logs = await Promise.all(known.map((run) => run.messages()));
    const received = logs.flat().filter(({ what, direction }) => what === "INVITE" && direction === "received");
    return received.toSorted((left, right) => left.atMs - right.atMs);
  };
}

export interface Sketch {
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  readonly number?: string;
  /** Where the callee listens; default the E9-1-1 provider. */
  readonly port?: number;
}

interface Placed {
  readonly sent: SipMessage;
  /** The INVITE as the callee got it. */
  readonly got: SipMessage;
  /** How long it took from the one to the other (ms). */
  readonly tookMs: number;
}

interface Site {
  readonly caller: SipPeer;
  readonly cluster: TestCluster;
  /** Port of the E9-1-1 provider. */
  readonly sos: number;
}

/** Places a call to 911 from a device of the site and hangs up; gives the INVITE on both sides. */
export async function callFromSite({ caller, cluster, sos }: Site, sketch: Sketch = {}): Promise<Placed> {
  const callee = await calleeAt(sketch.port ?? sos);
  const before = (await callee()).length;
  const to = { address: "127.0.0.1", port: cluster.port("core") };
  const plain: readonly HeaderLine[] = [["Content-Type", "application/sdp"]];
  const given = sketch.headers ?? [];
  const typed = given.some(([name]) => name === "Content-Type") ? [] : plain;
  const startedMs = Date.now();
  const sent = caller.request("INVITE", to, {
    uri: `sip:${sketch.number ?? "911"}@127.0.0.1`,
    headers: [["X-Client-Address", "10.1.2.3"], ...given, ...typed],
    body: sketch.body ?? session(1),
  });
  const ok = await caller.expect("200 INVITE", sent.get("Call-ID"));
  const dialog = caller.dialogAsCaller(sent, ok);
  dialog.ack();
  dialog.request("BYE");
  await caller.expect("200 BYE", sent.get("Call-ID"));
  await until(async () => (await callee()).length > before, { what: "the INVITE in the callee's log" });
  const invite = (await callee())[before];
  if (invite === undefined) throw new Error("the callee logged no INVITE");
  // The log has bare line feeds; on the wire lines end in CR LF.
  const read = parseMessage(invite.text.trimEnd().replaceAll("\n", "\r\n") + "\r\n");
  if (!read.ok) throw new Error(`the callee got no SIP message: ${read.error.reason}`);
  return { sent, got: read.value, tookMs: invite.atMs - startedMs };
}
