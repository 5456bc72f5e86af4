import { createServer, type Server } from "node:net";
import { undisturbed } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { exchangeOf, placeCall } from "../harness/place-call.ts";
import { sipPorts } from "../harness/ports.ts";
import { startUas, stopAllSipp } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

const [s1, s2, quick, off, silent, mapped, refusedTcp, mutedTcp] = await sipPorts(8);
let cluster: TestCluster;
let target: number;

beforeAll(async () => {
  const route = (name: string, match: string, ...trunks: readonly string[]) => ({
    name,
    match,
    usages: ["any"],
    trunks: [...trunks],
  });
  const topology = await makeTopology({
    pools: {
      east: {
        listeners: {
          core: { serves: "callers" },
          out: {},
          "out-tcp": { transport: "tcp" },
        },
      },
    },
    trunks: {
      s1: { port: s1 },
      s2: { port: s2 },
      quick: { port: quick, progressTimeout: "1s" },
      off: { port: off, progressTimeout: "off" },
      silent: { port: silent },
      mapped: { port: mapped, responseRules: [{ code: 486, cause: 34, becomes: 503 }] },
      "refused-tcp": { port: refusedTcp, listener: "out-tcp" },
      "muted-tcp": { port: mutedTcp, listener: "out-tcp", connectTimeout: "1s" },
    },
    routes: [
      route("plain", "^100$", "s1", "s2"),
      route("quick", "^200$", "quick", "s2"),
      route("off", "^300$", "off", "s2"),
      route("silent", "^400$", "silent", "s2"),
      route("mapped", "^500$", "mapped", "s2"),
      route("refused-tcp", "^600$", "refused-tcp", "s2"),
      route("muted-tcp", "^700$", "muted-tcp", "s2"),
      route("alone", "^800$", "s1"),
    ],
  });
  cluster = await startCluster(topology);
  target = cluster.port("core");
});
afterEach(stopAllSipp);
afterAll(() => cluster?.stop());

const basic = (service: string) => ({ scenario: "uac-basic-expect-200", target, service, holdMs: 100 });

/** The calls that `place` makes until one has its times within the bound; every try with callees of its own. */
const timed = (place: () => Promise<number>, limitMs: number): Promise<number> =>
  undisturbed(
    async () => {
      await stopAllSipp();
      return place();
    },
    (tookMs) => tookMs < limitMs,
  );

describe("A4: the response code decides whether the next trunk is tried", () => {
  it("503: the next trunk gets the INVITE in less than 200 ms, the first one no CANCEL", async () => {
    const tookMs = await timed(async () => {
      const { caller, callees } = await placeCall(basic("100"), [
        { scenario: "uas-refuses-expect-503", port: s1 },
        { scenario: "uas-basic-expect-200", port: s2 },
      ]);
      expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
      const [first, second] = await Promise.all(callees.map((callee) => callee.messages()));
      expect(first?.map(({ what }) => what)).not.toContain("CANCEL");
      const refused = first?.find(({ what }) => what === "503");
      const invited = second?.find(({ what }) => what === "INVITE");
      return invited!.atMs - refused!.atMs;
    }, 200);
    expect(tookMs).toBeLessThan(200);
  });

  it.each([404, 480, 486, 488, 603])(
    "%i ends the call: the caller gets it, the next trunk gets nothing",
    async (code) => {
      const { caller, callees } = await placeCall({ scenario: `uac-refused-expect-${code}`, target, service: "100" }, [
        { scenario: `uas-refuses-expect-${code}`, port: s1 },
        { scenario: "uas-basic-expect-200", port: s2 },
      ]);
      expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
      expect(await callees[1]?.messages()).toEqual([]);
    },
  );

  it("500 is a trunk's trouble like 503: the next one is tried", async () => {
    const { caller } = await placeCall(basic("100"), [
      { scenario: "uas-refuses-expect-500", port: s1 },
      { scenario: "uas-basic-expect-200", port: s2 },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
  });

  it("a retransmitted 503 advances once: one INVITE to the next trunk", async () => {
    const { caller, callees } = await placeCall(basic("100"), [
      { scenario: "uas-refuses-twice-expect-503", port: s1 },
      { scenario: "uas-basic-expect-200", port: s2 },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    const second = await callees[1]?.messages();
    expect(second?.filter(({ what }) => what === "INVITE")).toHaveLength(1);
  });

  it("no trunk left: the caller gets the last trunk's 503", async () => {
    const { caller } = await placeCall({ scenario: "uac-refused-expect-503", target, service: "800" }, [
      { scenario: "uas-refuses-expect-503", port: s1 },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
  });
});

describe("A5: the progress timer waits for an 18x, not for the answer", () => {
  /** How far CANCEL and next INVITE are from where they are due after the first INVITE (ms). */
  async function failOver(number: string, port: number, dueMs: number): Promise<number> {
    const { caller, callees } = await placeCall(basic(number), [
      { scenario: "uas-trying-only-expect-487", port },
      { scenario: "uas-basic-expect-200", port: s2 },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    const [first, second] = await Promise.all(callees.map((callee) => callee.messages()));
    const at = (messages: typeof first, wanted: string) => messages?.find(({ what }) => what === wanted)?.atMs ?? NaN;
    const startMs = at(first, "INVITE");
    const times = [at(first, "CANCEL"), at(second, "INVITE")];
    return Math.max(...times.map((atMs) => Math.abs(atMs - startMs - dueMs)));
  }

  it("100 only, timer of 1 s: CANCEL and the next INVITE after 1.0 ± 0.3 s", async () => {
    expect(await timed(() => failOver("200", quick, 1_000), 300)).toBeLessThan(300);
  });

  it("100 only, default timer: CANCEL and the next INVITE after 10.0 ± 0.3 s", async () => {
    expect(await timed(() => failOver("100", s1, 10_000), 300)).toBeLessThan(300);
  });

  it("183 just before the timer: no failover, the call is answered where it rang", async () => {
    const place = async () => {
      await stopAllSipp();
      const { caller, callees } = await placeCall(basic("200"), [
        { scenario: "uas-progress-then-answer-expect-200", port: quick, holdMs: 800 },
        { scenario: "uas-basic-expect-200", port: s2 },
      ]);
      const [first = [], second = []] = await Promise.all(callees.map((callee) => callee.messages()));
      return { caller, first: first.map(({ what }) => what), second: second.map(({ what }) => what) };
    };
    // A pause of the machine longer than the 0.2 s between the two makes the 183 come too late.
    const { caller, first, second } = await undisturbed(place, (seen) => !seen.first.includes("CANCEL"));
    expect(first).not.toContain("CANCEL");
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    expect(second).toEqual([]);
  });

  it("timer off: the call waits for a peer that shows no progress for longer than the default of other trunks' tests", async () => {
    const { caller, callees } = await placeCall(basic("300"), [
      { scenario: "uas-trying-then-answer-expect-200", port: off, holdMs: 2_000 },
      { scenario: "uas-basic-expect-200", port: s2 },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    expect(await callees[1]?.messages()).toEqual([]);
  });
});

describe("A6: a peer that cannot be reached", () => {
  /** From the caller's INVITE to that at the second trunk (ms). */
  async function invitedAfter(number: string): Promise<number> {
    const { caller, callees } = await placeCall(basic(number), [{ scenario: "uas-basic-expect-200", port: s2 }]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    const invited = await callees[0]?.saw(({ what }) => what === "INVITE");
    return invited!.atMs - caller.messages[0]!.atMs;
  }

  it("connection refused (TCP): the next trunk within 500 ms", async () => {
    expect(await timed(() => invitedAfter("600"), 500)).toBeLessThan(500);
  });

  it("silence (UDP): the next trunk after the connect limit of 4 s", async () => {
    const waited = await timed(async () => {
      await startUas({ scenario: "uas-silent-expect-nothing", port: silent });
      return invitedAfter("400");
    }, 4_500);
    expect(waited).toBeGreaterThan(3_500);
    expect(waited).toBeLessThan(4_500);
  });

  describe("with a peer that accepts the connection and says nothing", () => {
    let server: Server;
    beforeAll(async () => {
      server = createServer((socket) => socket.resume());
      await new Promise<void>((resolve) => server.listen(mutedTcp, "127.0.0.1", resolve));
    });
    afterAll(() => server.close());

    it("the next trunk after the trunk's own connect limit", async () => {
      const waited = await timed(() => invitedAfter("700"), 1_500);
      expect(waited).toBeGreaterThan(900);
      expect(waited).toBeLessThan(1_500);
    });
  });
});

describe("B5: response mapping", () => {
  it("486 with Q.850 cause 34 is treated as 503: the next trunk is tried", async () => {
    const { caller } = await placeCall(basic("500"), [
      { scenario: "uas-refuses-cause-expect-486", port: mapped, keys: { cause: "34" } },
      { scenario: "uas-basic-expect-200", port: s2 },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
  });

  it.each([
    ["without a cause", { scenario: "uas-refuses-expect-486", keys: {} }],
    ["with another cause", { scenario: "uas-refuses-cause-expect-486", keys: { cause: "17" } }],
  ])("486 %s is final", async (_name, callee) => {
    const { caller, callees } = await placeCall({ scenario: "uac-refused-expect-486", target, service: "500" }, [
      { ...callee, port: mapped },
      { scenario: "uas-basic-expect-200", port: s2 },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    expect(await callees[1]?.messages()).toEqual([]);
  });
});

describe("B14: no failover after any 18x, so that no phone rings twice", () => {
  it.each([486, 503])("180, then %i: the caller gets it, the next trunk gets nothing", async (code) => {
    const { caller, callees } = await placeCall({ scenario: `uac-refused-expect-${code}`, target, service: "100" }, [
      { scenario: `uas-refuses-after-ringing-expect-${code}`, port: s1 },
      { scenario: "uas-basic-expect-200", port: s2 },
    ]);
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    expect(exchangeOf(caller)).toContain("< 180");
    expect(await callees[1]?.messages()).toEqual([]);
  });
});

describe("a caller who gives up", () => {
  it("while the second trunk rings: the CANCEL goes there and nowhere else", async () => {
    const first = await startUas({ scenario: "uas-refuses-expect-503", port: s1 });
    const second = await startUas({ scenario: "uas-ringing-only-expect-487", port: s2, calls: 1 });
    const { caller } = await placeCall(
      { scenario: "uac-cancel-ringing-expect-487", target, service: "100", holdMs: 200 },
      [],
    );
    expect(caller).toMatchObject({ exitCode: 0, completed: 1 });
    expect(await second.result).toMatchObject({ exitCode: 0, completed: 1 });
    expect((await first.messages()).map(({ what }) => what)).not.toContain("CANCEL");
  });
});
