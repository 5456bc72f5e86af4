import { createLogger, type SocketAddress } from "@tandem/runtime";
import { SipPeer, until } from "@tandem/testkit";
import { expect, test } from "vitest";
import { startEdge } from "../src/edge/index.ts";
import { RawApp } from "./support/raw-app.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

function addressIn(text: string): SocketAddress {
  const { hostname, port } = new URL(`udp://${text}`);
  return { host: hostname, port: Number(port) };
}

/** An edge that answered a call which its caller has not acknowledged. */
async function answering() {
  const edge = await startEdge(
    {
      nodeId: "e1",
      pool: "east",
      listeners: [{ name: "core", transport: "udp", address: "127.0.0.1", port: 0 }],
      admin: LOOPBACK,
      secret: "s3cret",
    },
    createLogger({ name: "edge", level: "silent" }),
  );
  const app = await RawApp.login(addressIn(edge.addresses.admin), { tags: "octets", verbs: ["*"] });
  const caller = await SipPeer.open({ user: "alice" });
  const { host: address, port } = addressIn(edge.addresses.listeners[0]?.address ?? "");
  const invite = caller.request("INVITE", { address, port });
  const [, , , , , , , , transaction] = (await app.sip("INVITE")).tokens;
  await app.ask(`sip|${transaction}|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=t\r\nContact: <sip:us@127.0.0.1>\r\n\r\n`);
  const dialog = caller.dialogAsCaller(invite, await caller.expect("200 INVITE"));
  return { edge, app, caller, transaction, acknowledge: () => void dialog.ack() };
}

// RFC 3261 §13.3.1.4: 0.5, 1.5, 3.5 s after the answer. An edge without anything under way ends its drain after 2 s.
test.concurrent.each([
  ["comes here", "here"],
  ["came by another edge, of which a worker tells", "elsewhere"],
] as const)("an edge that drains repeats its 2xx until the ACK %s", async (_case, where) => {
  const { edge, app, caller, transaction, acknowledge } = await answering();
  let drained = false;
  const draining = edge.drain().then(() => (drained = true));
  await until(() => caller.untaken.filter(({ message }) => message.status === 200).length >= 3, {
    what: "the 2xx again",
  });
  expect(drained).toBe(false);
  if (where === "here") acknowledge();
  else await app.ask(`acknowledged|${transaction}`);
  await draining;
  await Promise.all([edge.stop(), caller.close()]);
});
