import { parseSocketAddress, type SocketAddress } from "@tandem/runtime";
import { AppProcess, type PeerAddressOf } from "@tandem/testkit";

const MAIN = new URL("../src/main.ts", import.meta.url);

/** A sip-edge in a process of its own. */
export class EdgeProcess extends AppProcess {
  constructor(environment: Readonly<Record<string, string>>) {
    super(MAIN, environment);
  }

  /** Waits for the ready line. */
  async ready(): Promise<{ http: string; admin: SocketAddress; sip: PeerAddressOf }> {
    const entry = await this.readyLine();
    const listeners = entry["listeners"] as readonly { address: string }[];
    const sip = parseSocketAddress(listeners[0]?.address ?? "");
    const admin = parseSocketAddress(String(entry["admin"]));
    if (sip === undefined || admin === undefined) throw new Error("the ready line lacks an address");
    return { http: `http://${String(entry["http"])}`, admin, sip: { address: sip.host, port: sip.port } };
  }
}

/** Environment of an edge of pool `east` with one UDP listener, all ports free. */
export const ENVIRONMENT: Record<string, string> = {
  TANDEM_NODE_ID: "e1",
  TANDEM_HTTP: "127.0.0.1:0",
  TANDEM_POOL: "east",
  TANDEM_LISTENERS: JSON.stringify([{ name: "outside", transport: "udp", address: "127.0.0.1", port: 0 }]),
  TANDEM_ADMIN: "127.0.0.1:0",
  TANDEM_SECRET: "shared",
};
