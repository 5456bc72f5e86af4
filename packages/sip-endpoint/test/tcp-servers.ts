import { afterEach } from "vitest";
import { closeAll, loopback, run, type Running } from "./running-endpoint.ts";
import { requestText } from "./sip-texts.ts";
import { StreamPeer, StreamServer } from "./stream-peer.ts";
import type { EndpointLimits } from "../src/config.ts";

export const OPTIONS = requestText({ method: "OPTIONS", via: "SIP/2.0/TCP 127.0.0.1:5060" });

const servers: StreamServer[] = [];

export async function serve(): Promise<StreamServer> {
  const server = await StreamServer.listen();
  servers.push(server);
  return server;
}

export async function tcp(
  limits: Partial<EndpointLimits> = {},
): Promise<{ readonly us: Running; readonly peer: StreamPeer }> {
  const us = await run([loopback("tcp", "tcp")], { limits });
  us.user.answer = () => us.user.respond(200);
  return { us, peer: await StreamPeer.connect(us.at("tcp").port) };
}

/** After every test of the file that calls it. */
export function closeServersAfterEach(): void {
  afterEach(async () => {
    await closeAll();
    for (const server of servers.splice(0)) server.close();
  });
}
