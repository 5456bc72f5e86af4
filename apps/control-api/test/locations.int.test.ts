import { composeHeldRequest, readHeldAnswer } from "@tandem/location-document";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createHeldApp } from "../src/held/held-app.ts";
import type { ControlServices } from "../src/services.ts";
import type { TypedApp } from "../src/typed-app.ts";
import { ApiRigs, headers, keys } from "./api-rig.ts";

const csv = { ...headers, "content-type": "text/csv" };

let rigs: ApiRigs;
let services: ControlServices;
let app: TypedApp;
let held: FastifyInstance;
let log: string[];

beforeAll(async () => {
  rigs = await ApiRigs.start();
});
afterAll(() => rigs.stop());

beforeEach(async () => {
  const rig = await rigs.fresh();
  ({ services, app, log } = rig);
  held = await createHeldApp({
    locations: services.locations,
    provider: () => Promise.resolve(null),
    keys,
    now: () => 0,
    logger: rig.logger,
    listener: { tls: null, proxies: [], ratePerMinute: 600 },
    onAnswer: () => undefined,
  });
});

const SHEET = [
  "Subnet,ChassisID,PortID,BSSID,Description,HouseNumber,StreetName,City,State,Country,Floor,ERL,ELINs",
  "10.1.0.0/16,,,,campus,1,Main,Albany,NY,US,1,,",
  "10.1.2.0/24,,,,third floor,1,Main,Albany,NY,US,3,,+12125550111;+12125550112",
  ",sw1,gi1/0/7,,desk,1,Main,Albany,NY,US,3,,",
  ",,,0a-1b-2c-3d-4e-*,access point,1,Main,Albany,NY,US,2,,",
].join("\r\n");

const send = (method: "GET" | "POST" | "PUT" | "DELETE", url: string, payload?: object) =>
  app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
const importSheet = (payload: string, mode = "replace") =>
  app.inject({ method: "POST", url: `/v1/lis/draft/import?mode=${mode}`, headers: csv, payload });
const lookup = async (query: object): Promise<string | undefined> =>
  (await send("POST", "/v1/lis/lookup", query)).json<{ row: { description: string } | null }>().row?.description;

describe("the location database", () => {
  test("without a key nothing is told", async () => {
    for (const url of ["/v1/lis", "/v1/lis/draft/rows", "/v1/lis/published/export"])
      expect((await app.inject({ url })).statusCode).toBe(401);
  });

  test("a sheet goes in, is checked, published, found, and comes out the same", async () => {
    const imported = await importSheet(SHEET);
    expect(imported.statusCode).toBe(200);
    expect(imported.json()).toMatchObject({ applied: true, rows: 4, errors: 0 });
    expect(await lookup({ address: "10.1.2.3" })).toBeUndefined();
    expect(await lookup({ edition: "draft", address: "10.1.2.3" })).toBe("third floor");

    expect((await send("POST", "/v1/lis/draft/validate")).json()).toMatchObject({ rows: 4, errors: 0 });
    const published = await send("POST", "/v1/lis/publish");
    expect(published.json()).toMatchObject({ published: { version: 1, rows: 4, author: "ops" } });
    expect(await lookup({ address: "10.1.2.3" })).toBe("third floor");
    expect(await lookup({ address: "10.1.9.3" })).toBe("campus");
    expect(await lookup({ address: "10.1.2.3", chassis: "SW1", port: "Gi1/0/7" })).toBe("desk");
    expect(await lookup({ address: "10.1.2.3", chassis: "SW1", port: "Gi1/0/7", bssid: "0A:1B:2C:3D:4E:5F" })).toBe(
      "access point",
    );

    const out = await send("GET", "/v1/lis/published/export");
    expect(out.headers["content-type"]).toContain("text/csv");
    const again = await importSheet(out.body);
    expect(again.json()).toMatchObject({ applied: true, rows: 4, errors: 0 });
    const sorted = (text: string): readonly string[] => text.trim().split("\r\n").sort();
    expect(sorted((await send("GET", "/v1/lis/draft/export")).body)).toEqual(sorted(out.body));
  });

  test("an error in a sheet names row and column; `replace` changes nothing then, `merge` leaves the line out", async () => {
    await importSheet(SHEET);
    const broken = `${SHEET}\r\n10.9.0.1/16,,,,wrong,1,Main,Albany,NY,US,1,,`;
    const refused = await importSheet(broken);
    expect(refused.statusCode).toBe(422);
    expect(refused.json()).toMatchObject({
      applied: false,
      rows: 4,
      errors: 1,
      issues: [{ row: 6, column: "Subnet" }],
    });
    expect((await send("GET", "/v1/lis")).json()).toMatchObject({ draft: { revision: 1, rows: 4 } });
    const merged = await importSheet(broken.replace("campus", "whole campus"), "merge");
    expect(merged.json()).toMatchObject({ applied: true, rows: 4, errors: 1 });
    expect(await lookup({ edition: "draft", address: "10.1.9.3" })).toBe("whole campus");
  });

  test("rows one by one: write, read, remove; a wrong one is told why", async () => {
    const civic = { country: "US", a1: "NY", a3: "Albany", rd: "Main", hno: "1", flr: "3" };
    const url = `/v1/lis/draft/rows/${encodeURIComponent("subnet:10.1.0.0/16")}`;
    expect((await send("PUT", url, { civic })).json()).toMatchObject({ key: "subnet:10.1.0.0/16", erl: "", elins: [] });
    expect((await send("GET", url)).json()).toMatchObject({ civic });
    expect((await send("PUT", url, { civic: { country: "US" } })).json()).toMatchObject({
      code: "location-rows-invalid",
    });
    expect((await send("PUT", url, { civic, elins: ["x"] })).statusCode).toBe(422);
    expect((await send("PUT", "/v1/lis/draft/rows/subnet:10.1.2.3%2F16", { civic })).statusCode).toBe(400);
    expect((await send("PUT", url, { civic: { street: "Main" } })).statusCode).toBe(400);
    expect((await send("GET", "/v1/lis/draft/rows")).json()).toMatchObject({
      rows: [{ key: "subnet:10.1.0.0/16" }],
      next: "0",
    });
    expect((await send("DELETE", url)).statusCode).toBe(204);
    expect((await send("DELETE", url)).statusCode).toBe(404);
    expect((await send("GET", url)).statusCode).toBe(404);
  });

  test("an edition with errors is not published: an ERL nobody knows, an ELIN for two places", async () => {
    await services.topology.publish({ json: JSON.stringify(minimal), author: "t", atMs: 0 }, null);
    const rows = SHEET.replace("3,,+12125550111;+12125550112", "3,nowhere,+12125550111").replace(
      ",,,,campus,1",
      ",,,,campus,2",
    );
    await importSheet(rows.replace("US,1,,", "US,1,,+12125550111"));
    const refused = await send("POST", "/v1/lis/publish");
    expect(refused.statusCode).toBe(422);
    const issues = refused.json<{ issues: { path: string }[] }>().issues.map(({ path }) => path.split(" ").at(-1));
    expect(new Set(issues)).toEqual(new Set(["elins", "erl"]));
    expect((await send("GET", "/v1/lis")).json()).toMatchObject({ published: null });
  });

  test("no address, number or street is in the log", async () => {
    await importSheet(SHEET);
    await lookup({ address: "10.1.2.3", numbers: ["+12125550100"] });
    await send("POST", "/v1/lis/publish");
    expect(log.join("")).not.toMatch(/10\.1\.2|Main|1212555/);
    expect(log.join("")).toContain("location edition published");
  });
});

describe("HELD (RFC 5985)", () => {
  const post = (body: string, extra: Record<string, string> = {}, remoteAddress = "10.1.2.3") =>
    held.inject({
      method: "POST",
      url: "/held",
      remoteAddress,
      headers: { "content-type": "application/held+xml;charset=utf-8", ...extra },
      payload: body,
    });
  const request = '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"/>';

  beforeEach(async () => {
    await importSheet(SHEET);
    await send("POST", "/v1/lis/publish");
  });

  test("a device is told where it is, by the address it asks from", async () => {
    const answer = await post(request);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["content-type"]).toContain("application/held+xml");
    expect(answer.headers["cache-control"]).toContain("no-store");
    expect(readHeldAnswer(answer.body)).toMatchObject({ value: { method: "LIS", civic: { flr: "3", a3: "Albany" } } });
    const get = await held.inject({ method: "GET", url: "/", remoteAddress: "10.1.9.9" });
    expect(readHeldAnswer(get.body)).toMatchObject({ value: { civic: { flr: "1" } } });
  });

  test("a device that nobody knows", async () => {
    expect((await post(request, {}, "192.0.2.1")).body).toContain('code="locationUnknown"');
  });

  test("another device's location needs a key (RFC 6155 §3)", async () => {
    const other = composeHeldRequest({ address: "10.1.9.9" }, 100);
    expect((await post(other)).body).toContain('code="badIdentifier"');
    expect((await post(other, { "x-api-key": "wrong" })).body).toContain('code="badIdentifier"');
    expect(readHeldAnswer((await post(other, headers)).body)).toMatchObject({ value: { civic: { flr: "1" } } });
    const measured = composeHeldRequest({ chassis: "sw1", port: "gi1/0/7" }, 100);
    expect(readHeldAnswer((await post(measured, headers, "192.0.2.1")).body)).toMatchObject({
      value: { civic: { flr: "3" } },
    });
  });

  test("measurements of a device without a key are not used: nobody asks through a building", async () => {
    const measured = composeHeldRequest({ bssid: "0a:1b:2c:3d:4e:5f" }, 100);
    expect((await post(measured, {}, "192.0.2.1")).body).toContain('code="locationUnknown"');
  });

  test("X-Forwarded-For of anybody is not believed", async () => {
    expect((await post(request, { "x-forwarded-for": "10.1.2.3" }, "192.0.2.1")).body).toContain("locationUnknown");
  });

  test.each([
    ["xmlError", "<locationRequest"],
    ["xmlError", '<!DOCTYPE x [<!ENTITY a "b">]><locationRequest/>'],
    ["unsupportedMessage", "<createContext/>"],
    ["requestError", "x".repeat(100_000)],
    ["cannotProvideLiType", '<locationRequest><locationType exact="true">geodetic</locationType></locationRequest>'],
  ])("%s", async (code, body) => {
    const answer = await post(body);
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain(`code="${code}"`);
  });

  test("what is asked leaves no address in the log", async () => {
    log.length = 0;
    await post(request);
    await post("<broken");
    expect(log.join("")).not.toMatch(/10\.1\.2|Albany/);
  });
});

const minimal = {
  name: "minimal",
  pools: [
    {
      name: "east",
      listeners: [{ name: "core", address: "127.0.0.1", port: 5060, transport: "udp", serves: "callers" }],
    },
  ],
  gateways: [{ name: "sos", kind: "e911", address: "192.0.2.9" }],
  trunks: [{ name: "sos", pool: "east", listener: "core", gateway: "sos", port: 5060 }],
  emergency: { trunks: ["sos"], erls: [{ name: "hq", elins: ["+12125550111"] }] },
};
