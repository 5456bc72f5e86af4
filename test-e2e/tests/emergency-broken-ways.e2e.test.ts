import { until } from "@tandem/testkit";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { placeCall } from "../harness/place-call.ts";
import { sipPorts } from "../harness/ports.ts";
import { startUac, startUas, stopAllSipp } from "../harness/sipp.ts";
import { makeCertificates, relayFromTls, type TlsRelay } from "../harness/tls.ts";
import { makeTopology } from "../harness/topology.ts";

/** A sink may get a record twice, with the same id. */
function onceEach<R extends { readonly id: string }>(records: readonly R[]): readonly R[] {
  return [...new Map(records.map((record) => [record.id, record])).values()];
}

describe("A8: every trunk is down", () => {
  const silentPorts = sipPorts(2);
  let lost: TestCluster;
  afterEach(stopAllSipp);
  afterAll(() => lost?.stop());

  it("911 completes over the one that answers an INVITE; an ordinary call gets 503 at once, and each call has one record with its attempts", async () => {
    const [deaf, dead] = await silentPorts;
    const topology = await makeTopology({
      trunkDefaults: {
        probe: {
          enabled: true,
          interval: 1_000,
          downInterval: 60_000,
          timeout: 200,
          failuresToDown: 1,
          watchCalls: false,
        },
      },
      core: { usages: ["any"], probe: { enabled: false } },
      trunks: { dead: { port: dead, kind: "e911" }, deaf: { port: deaf } },
      routes: [{ name: "all", match: "^100$", usages: ["any"], trunks: ["deaf"] }],
      emergency: { trunks: ["dead"] },
    });
    lost = await startCluster(topology);
    const down = async (trunk: string): Promise<boolean> => {
      const { body } = await lost.api.get(`/v1/trunks/${trunk}`);
      return (body as { readonly health: { readonly state: string } }).health.state === "down";
    };
    await until(async () => (await down("dead")) && (await down("deaf")), {
      what: "both trunks down",
      limitMs: 40_000,
    });
    const target = lost.port("core");
    const { caller } = await placeCall({ scenario: "uac-basic-expect-200", target, service: "911", holdMs: 20 }, [
      { scenario: "uas-basic-expect-200", port: deaf },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    const refused = async (service: string) => {
      const uac = await startUac({ scenario: "uac-refused-expect-503", target, service });
      expect(await uac.result).toMatchObject({ exitCode: 0, completed: 1 });
    };
    await refused("100");
    await stopAllSipp();
    for (const port of [deaf, dead]) await startUas({ scenario: "uas-refuses-expect-503", port });
    await refused("911");
    // The record of the first call comes once nobody can answer the INVITE any more that was given up (RFC 3261 §9.1): not waited for.
    const recorded = () => onceEach(lost.callRecords()).filter(({ sipCode }) => sipCode === 503);
    const tried = (id: string) => onceEach(lost.attemptRecords()).filter(({ callId }) => callId === id);
    await until(
      () => recorded().length >= 2 && recorded().every((each) => tried(each.callId).length >= each.attempts),
      {
        what: "the records of both calls",
      },
    );
    const told = recorded().map(({ callId, calledNumber }) =>
      [calledNumber, ...tried(callId).map(({ trunk }) => trunk)].join(" "),
    );
    expect(told.toSorted()).toEqual(["100", "911 dead deaf"]);
    expect(recorded().find(({ calledNumber }) => calledNumber === "100")?.failure).toBe("no-trunk-available");
  });
});

describe("A6: a provider whose TLS is broken (RFC 6881 SP-31)", () => {
  const certificates = makeCertificates();
  const untrusted = makeCertificates();
  let secure: TestCluster;
  let provider: TlsRelay | undefined;
  afterEach(stopAllSipp);
  afterAll(async () => {
    await secure?.stop();
    await provider?.stop();
    certificates.remove();
    untrusted.remove();
  });

  it("gets the emergency call in clear where the topology allows it, an ordinary call never; each record says that TLS failed", async () => {
    const [clear, other] = await sipPorts(2);
    // It listens, with a certificate of an authority that nobody here trusts.
    provider = await relayFromTls(clear, untrusted);
    const { caFile, certificateFile, keyFile } = certificates;
    const tls = { caFile, certificateFile, keyFile, mutual: false };
    const topology = await makeTopology({
      pools: { east: { listeners: { core: { serves: "callers" }, out: {}, "out-tls": { transport: "tls", tls } } } },
      trunks: {
        secure: { port: provider.port, listener: "out-tls", clearTrunk: "clear" },
        clear: { port: clear, gateway: "secure" },
        next: { port: other },
      },
      routes: [
        { name: "secure", match: "^100$", usages: ["any"], trunks: ["secure"] },
        { name: "either", match: "^101$", usages: ["any"], trunks: ["secure", "next"] },
      ],
      emergency: { fallbackTrunks: ["secure"], clearFallback: true },
    });
    secure = await startCluster(topology);
    const target = secure.port("core");
    const uas = await startUas({ scenario: "uas-basic-expect-200", port: clear });
    const emergency = await startUac({ scenario: "uac-basic-expect-200", target, service: "911", holdMs: 20 });
    expect(await emergency.result).toMatchObject({ exitCode: 0, completed: 1 });
    const ordinary = await startUac({ scenario: "uac-refused-expect-503", target, service: "100" });
    expect(await ordinary.result).toMatchObject({ exitCode: 0, completed: 1 });
    expect((await uas.messages()).filter(({ what }) => what === "INVITE")).toHaveLength(1);
    await startUas({ scenario: "uas-basic-expect-200", port: other });
    const either = await startUac({ scenario: "uac-basic-expect-200", target, service: "101", holdMs: 20 });
    expect(await either.result).toMatchObject({ exitCode: 0, completed: 1 });
    const attempts = () => onceEach(secure.attemptRecords()).map(({ trunk, outcome }) => `${trunk}: ${outcome}`);
    await until(() => attempts().length >= 5, { what: "the attempts of the three calls" });
    const secured = "secure: tls-failure";
    expect(attempts().toSorted()).toEqual(["clear: answered", "next: answered", secured, secured, secured]);
  });
});
