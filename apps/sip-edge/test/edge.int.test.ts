import { createDrachtioSipPort, type DrachtioSipPort } from "@tandem/adapter-drachtio/client";
import type { IncomingRequest } from "@tandem/call-control";
import type { SocketAddress } from "@tandem/runtime";
import { responseTo } from "@tandem/sip";
import { SipPeer, until } from "@tandem/testkit";
import { describe, expect, test } from "vitest";
import { EdgeProcess, ENVIRONMENT } from "./edge-process.ts";

interface Worker {
  readonly port: DrachtioSipPort;
  readonly requests: IncomingRequest[];
}

/** A worker connected to the edge; it answers only what the test makes it answer. */
async function worker(admin: SocketAddress): Promise<Worker> {
  const requests: IncomingRequest[] = [];
  const port = createDrachtioSipPort({
    pools: ["east"],
    pool: "east",
    secret: "shared",
    edges: async () => [admin],
    app: {
      onRequest: (request) => requests.push(request),
      onCancel: () => undefined,
      onAckTimeout: () => undefined,
      onOrphanAnswer: () => undefined,
      worksOn: () => true,
    },
  });
  await port.start();
  await until(() => port.edges().every((edge) => edge.state === "up"), { what: "the edge connected" });
  return { port, requests };
}

/** Its second frame registers the worker for requests; then come signs of life. */
async function routed(http: string): Promise<void> {
  const isRouted = /_frames_total\{direction="in"\} (?:[2-9]|\d{2})/;
  await until(async () => isRouted.test(await (await fetch(`${http}/metrics`)).text()), { what: "the worker's route" });
}

/** A worker at the edge has the peer's INVITE, unanswered. */
async function called(edge: EdgeProcess, peer: SipPeer) {
  const { http, admin, sip } = await edge.ready();
  const { port, requests } = await worker(admin);
  await routed(http);
  const invite = peer.request("INVITE", sip);
  await until(() => requests.length === 1, { what: "the INVITE at the worker" });
  return { http, sip, port, requests, invite };
}

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status;
}

describe("a sip-edge process", () => {
  test("is live at once, ready with a worker, answers 503 without one, and shows what it did", async () => {
    await using edge = new EdgeProcess(ENVIRONMENT);
    const { http, admin, sip } = await edge.ready();
    await using peer = await SipPeer.open();
    expect([await statusOf(`${http}/livez`), await statusOf(`${http}/readyz`)]).toEqual([200, 503]);
    expect(await statusOf(`${http}/sipz`)).toBe(503);
    peer.request("OPTIONS", sip);
    const refused = await peer.expect(503);
    expect(refused.message.get("Retry-After")).toBe("5");

    const { port, requests } = await worker(admin);
    expect([await statusOf(`${http}/readyz`), await statusOf(`${http}/sipz`)]).toEqual([200, 200]);
    await routed(http);
    peer.request("OPTIONS", sip);
    await until(() => requests.length === 1, { what: "the request at the worker" });
    const [request] = requests;
    if (request === undefined) throw new Error("no request");
    await port.respond(request.transaction, responseTo(request.message, 200, { toTag: "w" }));
    await peer.expect(200);

    const metrics = await (await fetch(`${http}/metrics`)).text();
    for (const line of [
      'tandem_messages_total{direction="in",transport="udp",method="OPTIONS",kind="request"} 2',
      'tandem_messages_total{direction="out",transport="udp",method="OPTIONS",kind="2xx"} 1',
      'tandem_unserved_total{reason="no-application",method="OPTIONS"} 1',
      "tandem_workers_connected 1",
      "tandem_draining 0",
      "tandem_event_loop_lag_seconds",
    ]) {
      expect(metrics).toContain(line);
    }
    await port.close();
    await until(async () => (await statusOf(`${http}/readyz`)) === 503, { what: "not ready without a worker" });
  });

  test("SIGTERM: says so at /readyz and to OPTIONS, finishes what is under way and still serves, then ends with 0", async () => {
    await using edge = new EdgeProcess(ENVIRONMENT);
    await using peer = await SipPeer.open();
    const { http, sip, port, requests, invite } = await called(edge, peer);
    edge.child.kill("SIGTERM");
    await until(async () => (await (await fetch(`${http}/readyz`)).text()).includes("draining"));
    expect(await statusOf(`${http}/sipz`)).toBe(200);
    peer.request("OPTIONS", sip);
    expect((await peer.expect("503 OPTIONS")).message.get("Retry-After")).toBe("5");
    const late = peer.request("INVITE", sip);
    await until(() => requests.length === 2, { what: "a new call during the drain" });
    for (const { transaction, message } of requests) {
      await port.respond(transaction, responseTo(message, 486, { toTag: "w" }));
    }
    for (const sent of [invite, late]) peer.ackFailure(sent, await peer.expect("486 INVITE", sent.get("Call-ID")));
    const metrics = await (await fetch(`${http}/metrics`)).text();
    expect(metrics).toContain('tandem_unserved_total{reason="draining",method="OPTIONS"} 1');
    expect(await edge.exited).toBe(0);
    await port.close();
  });

  test("SIGTERM with nothing under way: it serves for the time that balancers need, then ends with 0", async () => {
    await using edge = new EdgeProcess({ ...ENVIRONMENT, TANDEM_LINGER_MS: "5000" });
    const { http, admin } = await edge.ready();
    const { port } = await worker(admin);
    const toldMs = performance.now();
    edge.child.kill("SIGTERM");
    expect(await edge.exited).toBe(0);
    expect(performance.now() - toldMs).toBeGreaterThanOrEqual(4_900);
    await expect(fetch(`${http}/sipz`)).rejects.toThrow();
    await port.close();
  });

  test("SIGTERM while an emergency call rings: beyond the drain's bound it is waited for, and nothing else", async () => {
    await using edge = new EdgeProcess({ ...ENVIRONMENT, TANDEM_DRAIN_MS: "100" });
    await using peer = await SipPeer.open();
    const { port, requests, invite } = await called(edge, peer);
    const [rings] = requests;
    if (rings === undefined) throw new Error("no request");
    port.hold(rings.transaction);
    await port.respond(rings.transaction, responseTo(rings.message, 180, { toTag: "w" }));
    await peer.expect("180 INVITE");
    edge.child.kill("SIGTERM");
    await until(() => edge.lines.some(({ msg }) => msg.startsWith("drain goes on")), { what: "the bound" });
    await port.respond(rings.transaction, responseTo(rings.message, 486, { toTag: "w" }));
    peer.ackFailure(invite, await peer.expect("486 INVITE"));
    // Its drain was late.
    expect(await edge.exited).toBe(1);
    await port.close();
  });

  test("SIGTERM while another call rings: at the drain's bound it gets 503", async () => {
    await using edge = new EdgeProcess({ ...ENVIRONMENT, TANDEM_DRAIN_MS: "100" });
    await using peer = await SipPeer.open();
    const { port } = await called(edge, peer);
    edge.child.kill("SIGTERM");
    await peer.expect("503 INVITE");
    expect(await edge.exited).toBe(1);
    await port.close();
  });

  test("SIGINT: what is unanswered gets an answer, and it ends with 0", async () => {
    await using edge = new EdgeProcess(ENVIRONMENT);
    await using peer = await SipPeer.open();
    const { port } = await called(edge, peer);
    edge.child.kill("SIGINT");
    await peer.expect("503 INVITE");
    expect(await edge.exited).toBe(0);
    await port.close();
  });

  test("a wrong configuration: one sentence, exit code 78", async () => {
    await using edge = new EdgeProcess({ ...ENVIRONMENT, TANDEM_LISTENERS: "[]" });
    expect(await edge.exited).toBe(78);
    expect(edge.errors).toBe("TANDEM_LISTENERS is wrong: expected at least one listener.\n");
  });

  test("a port in use: one sentence in the log, exit code 69", async () => {
    await using peer = await SipPeer.open();
    const taken = [{ name: "outside", transport: "udp", address: "127.0.0.1", port: peer.port }];
    await using edge = new EdgeProcess({ ...ENVIRONMENT, TANDEM_LISTENERS: JSON.stringify(taken) });
    expect(await edge.exited).toBe(69);
    expect(JSON.stringify(edge.lines.at(-1))).toContain("Listener outside cannot be opened (bind: EADDRINUSE).");
  });
});
