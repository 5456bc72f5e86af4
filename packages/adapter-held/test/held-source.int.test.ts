import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createHeldSource } from "@tandem/adapter-held";
import { composePidf } from "@tandem/domain";
import { composeHeldError, composeHeldResponse, readHeldRequest } from "@tandem/location-document";
import { afterEach, describe, expect, it } from "vitest";

/** Milliseconds. One or two of them may meet a pause of the machine, which is not the source's. */
async function quickestOfThree(act: () => Promise<void>): Promise<number> {
  const tookMs: number[] = [];
  while (tookMs.length < 3) {
    const startedMs = performance.now();
    await act();
    tookMs.push(performance.now() - startedMs);
  }
  return Math.min(...tookMs);
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function server(handler: Handler): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const http = createServer((request, response) => {
    asked += 1;
    let body = "";
    request.setEncoding("latin1").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => handler(request, response, body));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  closing.push(async () => {
    http.closeAllConnections();
    http.close();
    await once(http, "close");
  });
  return { url: `http://127.0.0.1:${String((http.address() as AddressInfo).port)}/held`, asked: () => asked };
}

const answer = composeHeldResponse(
  composePidf({ entity: "pres:a@b", civic: { country: "US", a3: "Albany" }, method: "LIS", provider: null, atMs: 0 }),
);
const query = { address: "192.0.2.5", numbers: ["+12125550100"] };

describe("a secondary location source", () => {
  it("is asked by HELD with the identities of RFC 6155, and answers with a location", async () => {
    const bodies: string[] = [];
    const { url } = await server((request, response, body) => {
      bodies.push(
        `${request.method ?? ""} ${request.headers["content-type"] ?? ""} ${request.headers.authorization ?? ""}`,
      );
      expect(readHeldRequest(body)).toMatchObject({ value: { device: query } });
      response.setHeader("content-type", "application/held+xml").end(answer);
    });
    const source = createHeldSource({ token: "secret" });
    expect(await source.ask(query, { url, limitMs: 2_000 })).toEqual({
      ok: true,
      value: { method: "LIS", civic: { country: "US", a3: "Albany" }, geodetic: false, position: null },
    });
    expect(bodies).toEqual(["POST application/held+xml;charset=utf-8 Bearer secret"]);
  });

  it("that knows nothing is no failure", async () => {
    const { url } = await server((_, response) =>
      response.end(composeHeldError({ code: "locationUnknown", message: "" })),
    );
    expect(await createHeldSource().ask(query, { url, limitMs: 2_000 })).toEqual({ ok: true, value: null });
  });

  it.each<[string, Handler]>([
    ["an error of its own", (_, response) => response.writeHead(500).end()],
    ["a redirect", (_, response) => response.writeHead(302, { location: "/elsewhere" }).end()],
    ["nonsense", (_, response) => response.end("<html>")],
    ["an endless answer", (_, response) => response.end("x".repeat(1_000_000))],
    ["a broken connection", (request) => request.socket.destroy()],
  ])("with %s is a failure that names nobody", async (_, handler) => {
    const { url } = await server(handler);
    const result = await createHeldSource().ask(query, { url, limitMs: 2_000 });
    expect(result).toMatchObject({ ok: false, error: { code: "location-unavailable" } });
    expect(JSON.stringify(result)).not.toMatch(/192\.0\.2\.5|12125550100/);
  });

  it("nobody there is a failure", async () => {
    const { url } = await server(() => undefined);
    for (const close of closing.splice(0)) await close();
    expect(await createHeldSource().ask(query, { url, limitMs: 2_000 })).toMatchObject({ ok: false });
  });

  it("that is slow is cut off at the limit, and then left alone (B17)", async () => {
    const circuits: string[] = [];
    const { url, asked } = await server(() => undefined);
    const source = createHeldSource({ onCircuit: (_, state) => circuits.push(state) });
    const cutOffMs = await quickestOfThree(async () => {
      expect(await source.ask(query, { url, limitMs: 100 })).toMatchObject({ ok: false });
    });
    expect(cutOffMs).toBeLessThan(450);
    const leftAloneMs = await quickestOfThree(async () => {
      expect(await source.ask(query, { url, limitMs: 5_000 })).toMatchObject({
        error: { detail: "left alone after late or failed answers" },
      });
    });
    expect(leftAloneMs).toBeLessThan(90);
    expect(asked()).toBe(3);
    expect(circuits).toEqual(["open"]);
  });

  it("trickling its answer is cut off, too", async () => {
    const { url } = await server((_, response) => {
      response.write("<");
      const drip = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(drip));
    });
    const cutOffMs = await quickestOfThree(async () => {
      expect(await createHeldSource().ask(query, { url, limitMs: 150 })).toMatchObject({ ok: false });
    });
    expect(cutOffMs).toBeLessThan(600);
  });
});
