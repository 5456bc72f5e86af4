import type { SentMessage } from "../endpoint.ts";
import type { Outlet } from "../transport/outlet.ts";

/** What went out, and where. */
export function sentMessage(text: string, outlet: Outlet, atMs: number): SentMessage {
  const { transport, address, port, listener, localAddress, localPort } = outlet;
  return { text, transport, address, port, listener, localAddress, localPort, atMs };
}
