import { createSocket } from "node:dgram";
import { createServer, type AddressInfo } from "node:net";
import type { Listener, Pool } from "@tandem/domain";
import { describe, expect, it } from "vitest";
import { findListenerProblem } from "./listener-check.ts";

const pool = (change: Partial<Listener>): Pool => ({
  name: "east",
  edges: 1,
  workers: 1,
  listeners: [
    {
      name: "core",
      address: "127.0.0.1",
      port: 0,
      transport: "udp",
      advertisedAddress: "127.0.0.1",
      advertisedPort: 0,
      serves: "callers",
      ...change,
    },
  ],
});

async function takenUdpPort(use: (port: number) => Promise<void>): Promise<void> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  await use(socket.address().port).finally(() => socket.close());
}

async function takenTcpPort(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await use((server.address() as AddressInfo).port).finally(() => server.close());
}

describe("findListenerProblem", () => {
  it("UDP port in use: names the listener, exit code 73", () =>
    takenUdpPort(async (port) => {
      expect(await findListenerProblem([pool({ port })])).toEqual({
        exitCode: 73,
        sentence: `Listener core of pool east cannot use 127.0.0.1:${port}/udp: another program has that port.`,
      });
    }));

  it("TCP port in use: the same for tcp and tls listeners, and none of udp's business", () =>
    takenTcpPort(async (port) => {
      expect(await findListenerProblem([pool({ port, transport: "tcp" })])).toMatchObject({ exitCode: 73 });
      expect(await findListenerProblem([pool({ port, transport: "tls" })])).toMatchObject({ exitCode: 73 });
      expect(await findListenerProblem([pool({ port, transport: "udp" })])).toBeNull();
    }));

  it.each(["udp", "tcp"] as const)("an address of another machine (%s): exit code 74", async (transport) => {
    // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
    const problem = await findListenerProblem([pool({ address: "192.0.2.1", port: 20_000, transport })]);
    expect(problem?.exitCode).toBe(74);
    expect(problem?.sentence).toContain("the address is not one of this machine");
  });

  it("a pool without edges needs no ports here", () =>
    takenUdpPort(async (port) => {
      expect(await findListenerProblem([{ ...pool({ port }), edges: 0 }])).toBeNull();
    }));
});
