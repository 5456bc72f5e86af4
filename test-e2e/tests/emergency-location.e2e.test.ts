import {
  bodyLeaves,
  findBodyById,
  formatMultipart,
  headerAddresses,
  headerValues,
  type HeaderLine,
  type NewPart,
} from "@tandem/sip";
import { SipPeer, undisturbed, until } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import {
  calleeAt,
  callFromSite,
  hash,
  located,
  locatedSite,
  mixed,
  PIDF,
  pidfOf,
  SDP,
  type Sketch,
} from "../harness/located-call.ts";
import { LocationSource } from "../harness/location-source.ts";
import { sipPorts } from "../harness/ports.ts";
import { session } from "../harness/scripted-call.ts";
import { startUas, stopAllSipp } from "../harness/sipp.ts";

const [sos, esinet, elin, refusing] = await sipPorts(4);
let cluster: TestCluster;
let caller: SipPeer;
/** The secondary location source: every test says what it does. */
let secondary: LocationSource;

beforeAll(async () => {
  secondary = await LocationSource.start();
  const topology = await locatedSite({ sos, esinet, elin, refusing }, secondary.url);
  cluster = await startCluster(topology);
  caller = await SipPeer.open({ user: "+15185550100" });
});
afterEach(() => secondary.knowNothing());
afterAll(async () => {
  await stopAllSipp();
  await caller?.close();
  await cluster?.stop();
  secondary?.close();
});

const call = (sketch: Sketch = {}) => callFromSite({ caller, cluster, sos }, sketch);

/** Puts another plan of emergency trunks in force. */
async function useTrunks(trunks: readonly string[], fallbackTrunks: readonly string[] = []): Promise<void> {
  const { document } = cluster.topology;
  const emergency = { ...document.emergency, trunks: [...trunks], fallbackTrunks: [...fallbackTrunks] };
  const before = await workerVersion();
  const put = await cluster.api.putTopology({ ...document, emergency });
  expect(put.status).toBe(200);
  await until(async () => (await workerVersion()) > before, { what: "the worker has the topology" });
}

const worker = (): string => cluster.processes.find(({ role }) => role === "worker")!.name;
const workerVersion = (): Promise<number> => cluster.metric(worker(), "tandem_topology_version");

describe("A2, A3: what the caller conveys arrives as it was", () => {
  it.each<[string, string]>([
    [
      "SDP second, in a multipart of its own",
      formatMultipart(
        [PIDF, { headers: [["Content-Type", "multipart/related;boundary=in"]], body: formatMultipart([SDP], "in") }],
        "b1",
      ),
    ],
    [
      "the location in a nested multipart",
      formatMultipart(
        [SDP, { headers: [["Content-Type", "multipart/related;boundary=in"]], body: formatMultipart([PIDF], "in") }],
        "b1",
      ),
    ],
    [
      "with a cid that names no part",
      formatMultipart(
        [
          SDP,
          {
            headers: [
              ["Content-Type", "application/pidf+xml"],
              ["Content-ID", "<other@x>"],
            ],
            body: PIDF.body,
          },
        ],
        "b1",
      ),
    ],
  ])("%s", async (_, body) => {
    const { sent, got } = await call({ headers: [...located, mixed], body });
    expect(pidfOf(got).map(hash)).toEqual([hash(PIDF.body.trimEnd())]);
    for (const name of ["Geolocation", "Geolocation-Routing", "Priority"])
      expect(got.getAll(name)).toEqual(sent.getAll(name));
    expect(headerValues(got, "Supported")).toContain("geolocation");
    expect(bodyLeaves(got).filter(({ mediaType }) => mediaType === "application/sdp")).toHaveLength(1);
  });

  it("two Geolocation headers, a reference among them: order and unknown parameter kept, nothing fetched (A3)", async () => {
    const before = secondary.asked;
    const headers: readonly HeaderLine[] = [
      ["Geolocation", `<${secondary.url}/1>;unknown=parameter`],
      ["Geolocation", "<cid:location@example.com>"],
      mixed,
    ];
    const { sent, got } = await call({ headers, body: formatMultipart([SDP, PIDF], "b1") });
    expect(got.getAll("Geolocation")).toEqual(sent.getAll("Geolocation"));
    expect(secondary.asked).toBe(before);
  });
});

describe("A16: a location that is missing or broken is made good", () => {
  it("missing: the site's own, method Default, provided by us", async () => {
    const { got } = await call();
    const [geolocation] = headerAddresses(got, "Geolocation");
    const part = findBodyById(got, `<${geolocation!.uri.slice("cid:".length)}>`);
    expect(part?.body).toContain("<gp:method>Default</gp:method><gp:provided-by>");
    expect(part?.body).toContain("<DataProviderString>Example University</DataProviderString>");
    expect(part?.body).toContain("<ca:A3>Albany</ca:A3>");
    expect(got.get("Geolocation-Routing")).toBe("yes");
    expect(got.get("Priority")).toBe("emergency");
    expect(bodyLeaves(got).map(({ mediaType }) => mediaType)).toEqual(["application/sdp", "application/pidf+xml"]);
    expect(Number(got.get("Content-Length"))).toBeGreaterThan(0);
  });

  it("broken: the original stays, the default is last", async () => {
    const broken: NewPart = { headers: PIDF.headers, body: "<presence><tuple>" };
    const { sent, got } = await call({ headers: [...located, mixed], body: formatMultipart([SDP, broken], "b1") });
    const values = got.getAll("Geolocation");
    expect(values[0]).toBe(sent.get("Geolocation"));
    expect(values).toHaveLength(2);
    expect(pidfOf(got)[0]).toBe("<presence><tuple>");
    expect(pidfOf(got)[1]).toContain("<gp:method>Default</gp:method>");
  });

  it("a provider that will not have our location is passed over; the caller hears nothing of it", async () => {
    await useTrunks(["refusing", "sos"]);
    const peer = await startUas({ scenario: "uas-refuses-location-expect-424", port: refusing, transport: "t1" });
    await call();
    await peer.saw(({ what }) => what === "INVITE");
    expect(caller.seen.some((line) => line.includes(" 424 "))).toBe(false);
    await useTrunks(["sos"], ["elin"]);
  });
});

describe("A19: who calls", () => {
  it("a hidden caller is shown with the number that the core asserts", async () => {
    const to = { address: "127.0.0.1", port: cluster.port("core") };
    const callee = await calleeAt(sos);
    const before = (await callee()).length;
    const hidden = await SipPeer.open({ user: "anonymous" });
    const sent = hidden.request("INVITE", to, {
      uri: "sip:911@127.0.0.1",
      headers: [
        ["X-Client-Address", "10.1.2.3"],
        ["P-Asserted-Identity", "<sip:+15185550177@core.example>"],
        ["Privacy", "id"],
        ["Content-Type", "application/sdp"],
      ],
      body: session(1),
    });
    const ok = await hidden.expect(200);
    hidden.dialogAsCaller(sent, ok).ack();
    await until(async () => (await callee()).length > before, { what: "the INVITE in the callee's log" });
    const invite = (await callee())[before];
    expect(invite?.headers("From")[0]).toContain("sip:+15185550177@");
    expect(invite?.headers("P-Asserted-Identity")[0]).toContain("+15185550177");
    hidden.dialogAsCaller(sent, ok).request("BYE");
    await hidden.close();
  });
});

describe("B2, B3: an ESInet", () => {
  it("sees the service, identifiers, priority, source and additional data", async () => {
    await useTrunks(["esinet"]);
    const { got } = await call({ port: esinet });
    expect(got.uri).toBe("urn:service:sos");
    expect(got.get("To")).toMatch(/^<urn:service:sos>/);
    expect(got.get("Route")).toMatch(/^<sip:127\.0\.0\.1:\d+;transport=udp;lr>$/);
    const info = headerValues(got, "Call-Info");
    expect(
      info.some((value) =>
        /^<urn:emergency:uid:callid:[0-9a-z]{10,32}:tandem\.example\.com>;purpose=emergency-CallId$/i.test(value),
      ),
    ).toBe(true);
    expect(
      info.some((value) =>
        /^<urn:emergency:uid:incidentid:[0-9a-z]{10,32}:tandem\.example\.com>;purpose=emergency-IncidentId$/i.test(
          value,
        ),
      ),
    ).toBe(true);
    expect(info.some((value) => /^<[0-9a-f]{32}@tandem\.example\.com>;purpose=emergency-source$/.test(value))).toBe(
      true,
    );
    expect(got.getAll("Resource-Priority")).toEqual(["esnet.1"]);
    expect(got.get("Geolocation-Routing")).toBe("yes");
    for (const name of ["ProviderInfo", "ServiceInfo", "SubscriberInfo"]) {
      const named = headerAddresses(got, "Call-Info").find(({ params }) =>
        params.some(([, value]) => value === `EmergencyCallData.${name}`),
      );
      const part = findBodyById(got, `<${named!.uri.slice("cid:".length)}>`);
      expect(part?.mediaType).toBe(`application/emergencycalldata.${name.toLowerCase()}+xml`);
    }
  });

  it("identifiers of the caller stay, a priority nobody knows is replaced, blocks of the caller stay", async () => {
    const block: NewPart = {
      headers: [
        ["Content-Type", "application/EmergencyCallData.DeviceInfo+xml"],
        ["Content-ID", "<device@example.com>"],
      ],
      body: "<EmergencyCallData.DeviceInfo/>",
    };
    const headers: readonly HeaderLine[] = [
      ["Call-Info", "<urn:emergency:uid:callid:abc1234567:other.example>;purpose=emergency-CallId"],
      ["Call-Info", "<cid:device@example.com>;purpose=EmergencyCallData.DeviceInfo"],
      ["Resource-Priority", "esnet.999"],
      mixed,
    ];
    const { got } = await call({ port: esinet, headers, body: formatMultipart([SDP, PIDF, block], "b1") });
    const info = headerValues(got, "Call-Info");
    expect(info.filter((value) => value.includes("purpose=emergency-CallId"))).toEqual([headers[0]![1]]);
    expect(got.getAll("Resource-Priority")).toEqual(["esnet.1"]);
    expect(findBodyById(got, "<device@example.com>")?.body.trimEnd()).toBe(block.body);
    expect(pidfOf(got).map(hash)).toEqual([hash(PIDF.body.trimEnd())]);
  });
});

describe("an ELIN gateway", () => {
  it("sees a number of the location instead of the caller's, and no location where it strips it", async () => {
    await useTrunks(["elin"]);
    const { got } = await call({ port: elin, headers: [...located, mixed], body: formatMultipart([PIDF, SDP], "b1") });
    expect(got.get("From")).toContain("sip:+15185550111@");
    expect(got.get("P-Asserted-Identity")).toContain("+15185550111");
    expect(got.has("Geolocation")).toBe(false);
    expect(got.get("Content-Type")).toBe("application/sdp");
    await useTrunks(["sos"], ["elin"]);
  });
});

describe("B17: location services", () => {
  const row = {
    civic: { country: "US", a1: "NY", a3: "Troy", rd: "River", hno: "7", flr: "2" },
    description: "second floor",
  };
  const path = (key: string): string => `/v1/lis/draft/rows/${encodeURIComponent(key)}`;
  const put = (key: string) => cluster.api.put(path(key), row);

  it("an unpublished row is invisible; published, the more exact key wins", async () => {
    expect((await put("subnet:10.1.2.0/24")).status).toBe(200);
    expect(pidfOf((await call()).got)[0]).toContain("<ca:A3>Albany</ca:A3>");
    expect((await cluster.api.post("/v1/lis/publish")).status).toBe(200);
    const { got } = await call();
    expect(pidfOf(got)[0]).toContain("<gp:method>LIS</gp:method>");
    expect(pidfOf(got)[0]).toContain("<ca:A3>Troy</ca:A3>");
    const wireless: HeaderLine = ["P-Access-Network-Info", "IEEE-802.11;i-wlan-node-id=0a1b2c3d4e5f"];
    row.civic.a3 = "Utica";
    expect((await put("bssid:0a1b2c3d4e5f")).status).toBe(200);
    expect((await cluster.api.post("/v1/lis/publish")).status).toBe(200);
    expect(pidfOf((await call({ headers: [wireless] })).got)[0]).toContain("<ca:A3>Utica</ca:A3>");
  });

  it("a miss asks the secondary source", async () => {
    const removed = await Promise.all(
      ["subnet:10.1.2.0/24", "bssid:0a1b2c3d4e5f"].map((key) => cluster.api.delete(path(key))),
    );
    expect(removed.map(({ status }) => status)).toEqual([204, 204]);
    expect((await cluster.api.post("/v1/lis/publish")).status).toBe(200);
    secondary.answer = (response) =>
      response.end(
        '<locationResponse xmlns="urn:ietf:params:xml:ns:geopriv:held"><presence xmlns="urn:ietf:params:xml:ns:pidf"><tuple id="a"><status><geopriv><location-info><civicAddress><A3>Rome</A3></civicAddress></location-info><method>DHCP</method></geopriv></status></tuple></presence></locationResponse>',
      );
    const { got } = await call();
    expect(pidfOf(got)[0]).toContain("<ca:A3>Rome</ca:A3>");
    expect(pidfOf(got)[0]).toContain("<gp:method>DHCP</gp:method>");
  });

  it("a source that does not answer is cut off, and after three times not asked any more", async () => {
    secondary.answer = () => undefined;
    const cutOff = [await call(), await call(), await call()];
    for (const { got } of cutOff) expect(pidfOf(got)[0]).toContain("<ca:A3>Albany</ca:A3>");
    const took = cutOff.map(({ tookMs }) => tookMs);
    // The quickest of them: a pause of the machine is not the source's.
    expect(Math.min(...took)).toBeGreaterThan(350);
    expect(Math.min(...took)).toBeLessThan(1_500);
    const before = secondary.asked;
    const later = await undisturbed(call, ({ tookMs }) => tookMs < 350);
    expect(secondary.asked).toBe(before);
    expect(later.tookMs).toBeLessThan(350);
    expect(pidfOf(later.got)[0]).toContain("<ca:A3>Albany</ca:A3>");
  });
});
