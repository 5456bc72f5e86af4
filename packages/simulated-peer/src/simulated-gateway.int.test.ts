import { afterEach, describe, expect, it } from "vitest";
import type { SeenMessage } from "./seen-message.ts";
import { audioSession } from "./session-description.ts";
import { placeCall } from "./simulated-call.ts";
import { startSimulatedGateway, type Behaviour, type SimulatedGateway } from "./simulated-gateway.ts";

const gateways: SimulatedGateway[] = [];
const seen: SeenMessage[] = [];
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
  seen.length = 0;
});

async function start(name: string, behaviour: Behaviour): Promise<SimulatedGateway> {
  const onMessage = (message: SeenMessage): void => void seen.push(message);
  // UDP and TCP must have the same port, so the system cannot choose it at the bind.
  for (let port = 21_000 + (process.pid % 5_000), tries = 0; tries < 50; port += 1, tries += 1) {
    const started = await startSimulatedGateway({ name, address: "127.0.0.1", port, behaviour, onMessage });
    if (!started.ok) continue;
    gateways.push(started.value);
    return started.value;
  }
  throw new Error("no free port for a simulated gateway");
}

const exchange = (peer: string) =>
  seen
    .filter((message) => message.peer === peer)
    .map(({ direction, message }) => {
      const what = message.kind === "request" ? message.method : String(message.status);
      return `${direction === "to-tandem" ? ">" : "<"} ${what}`;
    });

const call = (target: SimulatedGateway, body = audioSession("127.0.0.1", 1)) => ({
  number: "100",
  caller: "200",
  target: `${target.address}:${target.port}`,
  callId: "call-1",
  headers: [],
  contentType: "application/sdp",
  body,
  holdMs: 10,
});

describe("simulated gateways, called directly", () => {
  it("answering: rings, answers, takes the BYE, and every message is seen by both", async () => {
    const [core, carrier] = [await start("core", "answers"), await start("carrier", "answers")];
    expect(await placeCall(core, call(carrier))).toEqual({ status: 200, byeStatus: 200 });
    expect(exchange("core")).toEqual(["> INVITE", "< 100", "< 180", "< 200", "> ACK", "> BYE", "< 200"]);
    expect(exchange("carrier")).toEqual(["< INVITE", "> 100", "> 180", "> 200", "< ACK", "< BYE", "> 200"]);
  });

  it("refusing: 503 with a Q.850 cause, acknowledged", async () => {
    const [core, carrier] = [await start("core", "answers"), await start("carrier", "refuses")];
    expect(await placeCall(core, call(carrier))).toEqual({ status: 503, byeStatus: null });
    expect(exchange("core")).toEqual(["> INVITE", "< 100", "< 503", "> ACK"]);
  });

  it("an INVITE larger than 1300 bytes goes over TCP, and is seen as well", async () => {
    const [core, carrier] = [await start("core", "answers"), await start("carrier", "answers")];
    const large = audioSession("127.0.0.1", 1) + `a=x-padding:${"x".repeat(1_300)}\r\n`;
    expect(await placeCall(core, call(carrier, large))).toEqual({ status: 200, byeStatus: 200 });
    expect(exchange("carrier").slice(0, 2)).toEqual(["< INVITE", "> 100"]);
  });

  it("a port in use is told with the listener's name", async () => {
    const first = await start("core", "answers");
    const options = {
      name: "twin",
      address: first.address,
      port: first.port,
      behaviour: "answers",
      onMessage: () => undefined,
    } as const;
    expect(await startSimulatedGateway(options)).toMatchObject({
      ok: false,
      error: { listener: "udp", detail: "EADDRINUSE" },
    });
  });
});
