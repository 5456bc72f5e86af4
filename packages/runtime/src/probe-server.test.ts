import { afterEach, describe, expect, test } from "vitest";
import { formatSocketAddress } from "./address.ts";
import { startProbeServer, type ProbeServer, type ProbeServerOptions } from "./probe-server.ts";

type Reasons = Pick<ProbeServerOptions, "unready" | "unserved">;

let server: ProbeServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function get(path: string, unready: readonly string[] = [], method = "GET"): Promise<Response> {
  return answer({ unready: () => unready }, path, method);
}

async function answer(asked: Reasons, path: string, method = "GET"): Promise<Response> {
  server = await startProbeServer({
    address: { host: "127.0.0.1", port: 0 },
    ...asked,
    metrics: () => Promise.resolve({ contentType: "text/plain; version=0.0.4", body: "up 1\n" }),
  });
  return fetch(`http://${formatSocketAddress(server.address)}${path}`, { method });
}

describe("startProbeServer", () => {
  test.each([
    ["/livez answers while the process runs", "/livez", [], 200, "ok\n"],
    ["/livez does not depend on readiness", "/livez", ["no topology"], 200, "ok\n"],
    ["/readyz answers 200 when nothing is missing", "/readyz", [], 200, "ok\n"],
    ["/readyz answers 503 with every reason", "/readyz", ["no topology", "no edge"], 503, "no topology\nno edge\n"],
    ["/metrics passes the registry's text", "/metrics", [], 200, "up 1\n"],
    ["another path is not found", "/", [], 404, "not found\n"],
  ])("%s", async (_name, path, unready, status, body) => {
    const response = await get(path, unready);
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(body);
  });

  test.each([
    ["answers 200 while they are served, ready or not", [], 200, "ok\n"],
    ["answers 503 with the reasons", ["no worker is connected"], 503, "no worker is connected\n"],
    ["is not found where there are no SIP sockets to serve", undefined, 404, "not found\n"],
  ])("/sipz %s", async (_name, reasons, status, body) => {
    const unserved = reasons === undefined ? {} : { unserved: () => reasons };
    const response = await answer({ unready: () => ["draining"], ...unserved }, "/sipz");
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(body);
  });

  test("another method is refused with Allow", async () => {
    const response = await get("/livez", [], "POST");
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  });

  test("a taken port rejects", async () => {
    server = await startProbeServer({
      address: { host: "127.0.0.1", port: 0 },
      unready: () => [],
      metrics: () => Promise.resolve({ contentType: "text/plain", body: "" }),
    });
    await expect(
      startProbeServer({
        address: server.address,
        unready: () => [],
        metrics: () => Promise.resolve({ contentType: "text/plain", body: "" }),
      }),
    ).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
