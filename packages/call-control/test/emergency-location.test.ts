import { defaultLocationPolicy, err, ok } from "@tandem/domain";
import { beforeEach, describe, expect, test } from "vitest";
import { emergency, pidfPart, PreparationRig, type Sketch } from "./preparation-rig.ts";

let rig: PreparationRig;

beforeEach(() => {
  rig = new PreparationRig();
});

describe("the location of an emergency call", () => {
  test("one that the request brings is kept; nobody is asked", async () => {
    const made = await rig.prepare({ body: pidfPart("pidf LIS") });
    expect(made).toMatchObject({ location: { kind: "value", method: "LIS" }, addedLocation: null, erl: "hq-erl" });
    expect(made.elins).toEqual(["+11112223333"]);
    expect(made.place).toEqual({ source: "request", civic: { nam: "111-222-3333" }, position: null, references: [] });
    expect(rig.questions).toEqual([]);
  });

  describe("a conference that the provider is to set up", () => {
    const conference = { uri: "sip:+12125550123@desk.example", mode: "twoway", by: "provider", trunk: null } as const;
    const policies = [{ ...defaultLocationPolicy, name: "hq", conference }];
    const plan = { ...emergency, policies };
    const extension =
      '<msftE911PidfExtn xmlns="urn:schema:Rtc.LIS.msftE911PidfExtn.2008">' +
      "<ConferenceUri>sip:+12125550123@desk.example</ConferenceUri><ConferenceMode>twoway</ConferenceMode></msftE911PidfExtn>";

    test("stands in the location that we add", async () => {
      expect((await rig.prepare({ plan, policy: "hq" })).addedLocation).toContain(extension);
    });

    test("stands in a document of ours beside the caller's own, with the same address and method", async () => {
      const made = await rig.prepare({ plan, policy: "hq", body: pidfPart("pidf LIS") });
      expect(made.location).toEqual({ kind: "value", method: "LIS" });
      expect(made.addedLocation).toContain(`<gp:method>LIS</gp:method>${extension}`);
      expect(made.addedLocation).toContain("<ca:NAM>111-222-3333</ca:NAM>");
    });

    test.each<[string, Sketch]>([
      ["no policy asks for one", { body: pidfPart("pidf LIS") }],
      ["we set it up", { body: pidfPart("pidf LIS"), policy: "hq", conference: "local" }],
      [
        "there is no address that could be said again",
        { headers: [["Geolocation", "<https://lis.example.com/1>"]], policy: "hq" },
      ],
    ])("is not handed over: %s", async (_, { conference: by, ...sketch }) => {
      const local = { ...conference, mode: "oneway", by: "local", trunk: "pstn-1" } as const;
      const own = policies.map((each) => ({ ...each, conference: by === "local" ? local : conference }));
      const changed = { ...emergency, policies: own, mediaRelays: ["203.0.113.20:22222"] };
      expect((await rig.prepare({ ...sketch, plan: changed })).addedLocation).toBeNull();
    });
  });

  test("a reference is a location, and is not fetched", async () => {
    const made = await rig.prepare({ headers: [["Geolocation", "<https://lis.example.com/1>"]] });
    expect(made).toMatchObject({ location: { kind: "reference", method: null }, addedLocation: null });
    expect(made.place).toMatchObject({ source: "request", civic: null, references: ["https://lis.example.com/1"] });
    expect(rig.questions).toEqual([]);
  });

  test("none: the location database is asked by everything that is known of the caller", async () => {
    rig.found = () =>
      Promise.resolve(
        ok({
          address: { country: "US", a3: "Utica" },
          source: "database",
          method: "LIS",
          erl: "row-erl",
          elins: ["+12125550122"],
        }),
      );
    const made = await rig.prepare({
      headers: [
        ["P-Access-Network-Info", "IEEE-802.11;i-wlan-node-id=0a1b2c3d4e5f"],
        ["P-Access-Network-Info", 'IEEE-802.3;eth-location="SW1|7";np'],
        ["P-Asserted-Identity", "<tel:+12125550188>"],
      ],
    });
    expect(rig.questions).toEqual([
      {
        caller: {
          bssid: "0a1b2c3d4e5f",
          chassis: "SW1",
          port: "7",
          address: "192.0.2.77",
          numbers: ["+12125550188", "+12025550100"],
        },
        secondary: { url: "http://lis.example/held", timeoutMs: 500 },
      },
    ]);
    expect(made).toMatchObject({ location: { kind: "lis", method: "LIS" }, erl: "row-erl", elins: ["+12125550122"] });
    expect(made.place).toMatchObject({ source: "database", civic: { country: "US", a3: "Utica" } });
    expect(made.addedLocation).toContain("<gp:method>LIS</gp:method>");
    expect(made.addedLocation).toContain("<ca:A3>Utica</ca:A3>");
  });

  test.each<[string, Sketch]>([
    ["missing", {}],
    ["broken", { body: pidfPart("<presence") }],
    ["a cid that names nothing", { headers: [["Geolocation", "<cid:nothing@x>"]] }],
  ])("%s, and nobody knows: the default of the caller's site (A16)", async (_, sketch) => {
    const made = await rig.prepare(sketch);
    expect(made.location).toEqual({ kind: "site-default", method: "Default" });
    expect(made.place).toMatchObject({ source: "site", civic: { a3: "Albany" } });
    expect(made.addedLocation).toContain("<gp:method>Default</gp:method><gp:provided-by>");
    expect(made.addedLocation).toContain("<ca:A3>Albany</ca:A3>");
    expect(made.addedLocation).toContain('entity="sip:%2B12025550100@tandem.example.com"');
  });

  test("a site without an address of its own has that of its ERL", async () => {
    const sites = emergency.sites.map((site) => ({ ...site, location: null }));
    const made = await rig.prepare({ plan: { ...emergency, sites } });
    expect(made.addedLocation).toContain("<ca:A3>Troy</ca:A3>");
    expect(made.place).toMatchObject({ source: "erl", civic: { a3: "Troy" } });
  });

  test("an unknown site has none, and the call goes on", async () => {
    const made = await rig.prepare({ site: null });
    expect(made).toMatchObject({ location: { kind: "none" }, place: null, addedLocation: null, erl: null });
  });

  test("sources that fail leave the default in place, with a count", async () => {
    rig.found = () => Promise.resolve(err({ code: "location-unavailable", detail: "away" }));
    expect(await rig.prepare()).toMatchObject({ location: { kind: "site-default" } });
    expect(rig.telemetry.emergencyTold).toContain("preparation failed location");
  });

  test("sources that never answer cost 550 ms at the most (B17)", async () => {
    rig.found = () => new Promise(() => undefined);
    const made = await rig.prepare({ patienceMs: 550 });
    expect(made).toMatchObject({ location: { kind: "site-default" } });
    expect(rig.telemetry.emergencyTold).toEqual(["preparation failed location"]);
  });

  test("a fault in reading costs the location and nothing else", async () => {
    const made = await rig.prepare({
      body: pidfPart("pidf LIS"),
      readPidf: () => {
        throw new Error("fault");
      },
    });
    expect(made.callIdentifier).toContain("urn:emergency:uid:callid:");
    expect(rig.telemetry.emergencyTold).toContain("preparation failed location");
  });

  test("an ELIN trunk, and no ELIN known: the database is asked for it though the request brings its location", async () => {
    rig.found = () =>
      Promise.resolve(
        ok({ address: { a3: "Utica" }, source: "database", method: "LIS", erl: "row-erl", elins: ["+12125550122"] }),
      );
    const made = await rig.prepare({
      headers: [["Geolocation", "<https://lis.example.com/1>"]],
      site: null,
      elin: true,
    });
    expect(made).toMatchObject({ location: { kind: "reference" }, addedLocation: null, erl: "row-erl" });
    expect(made.place).toMatchObject({ source: "request", civic: null });
    expect(made.elins).toEqual(["+12125550122"]);
    expect(rig.questions).toMatchObject([{ secondary: null }]);
  });
});
