/**
 * CPU of our own code per datagram, parse included, sockets excluded: a memory network in which nothing is copied or waited for.
 * node --conditions=@tandem/source packages/sip-endpoint/bench/endpoint.bench.ts [calls]
 */
import { responseTo, withHeaders, type SipMessage } from "@tandem/sip";
import { createEndpoint } from "../src/create-endpoint.ts";
import type { Endpoint, EndpointEvents, ReceivedMessage, ServerTransaction } from "../src/endpoint.ts";
import type { DatagramNetwork, DatagramReceiver } from "../src/transport/datagram-network.ts";
import { outgoing } from "../test/recorder.ts";
import { requestText, responseText } from "../test/sip-texts.ts";

const CALLS = Number(process.argv[2] ?? 20_000);
const SDP = `v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n${"a=x\r\n".repeat(20)}`;
const EXTRA = [
  "Contact: <sip:caller@10.0.0.1:5060>",
  "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, PRACK, INFO, NOTIFY, REFER",
  "Supported: replaces, 100rel, timer",
  "User-Agent: Some Gateway 1.2.3",
  "P-Asserted-Identity: <sip:+15551230001@example.com>",
  "Session-Expires: 1800;refresher=uac",
  "Content-Type: application/sdp",
];

/** Keeps the receiver at hand and drops what is sent, after making the bytes as a socket would. */
class DirectDatagrams implements DatagramNetwork {
  receiver: DatagramReceiver | undefined = undefined;
  sent = 0;
  last = "";

  bind(options: { readonly address: string }, receiver: DatagramReceiver): ReturnType<DatagramNetwork["bind"]> {
    this.receiver = receiver;
    return Promise.resolve({
      address: options.address,
      port: 5060,
      receiveBufferBytes: 8_000_000,
      send: (text) => {
        this.sent += Buffer.from(text, "latin1").length > 0 ? 1 : 0;
        this.last = text;
      },
      close: () => Promise.resolve(),
    });
  }

  deliver(text: string): void {
    this.receiver?.onDatagram(Buffer.from(text, "latin1"), "10.0.0.1", 5060);
  }
}

const user: EndpointEvents = {
  onRequest(transaction: ServerTransaction, { message }: ReceivedMessage) {
    if (message.method === "INVITE") {
      transaction.respond(responseTo(message, 180, { toTag: "callee" }));
      const headers = [["Contact", "<sip:service@10.0.0.9>"] as const, ["Content-Type", "application/sdp"] as const];
      transaction.respond(responseTo(message, 200, { toTag: "callee", headers, body: SDP }));
    } else {
      transaction.respond(responseTo(message, 200));
    }
  },
  onAck: () => undefined,
  onCancel: () => undefined,
  onAckTimeout: () => undefined,
  onResponseLost: () => undefined,
};

async function start(network: DirectDatagrams): Promise<Endpoint> {
  const made = await createEndpoint(
    { listeners: [{ name: "bench", transport: "udp", address: "10.0.0.9", port: 5060 }], datagrams: network },
    user,
  );
  if (!made.ok) throw new Error(made.error.detail);
  return made.value;
}

function cpuMicroseconds(): number {
  const usage = process.cpuUsage();
  return usage.user + usage.system;
}

/** Calls that come in: INVITE, ACK, BYE in; 100, 180, 200, 200 out. */
async function incomingCalls(count: number): Promise<void> {
  const network = new DirectDatagrams();
  const endpoint = await start(network);
  const texts = Array.from({ length: count }, (_each, index) => {
    const id = { callId: `call-${index}@10.0.0.1`, fromTag: `tag-${index}` };
    return [
      requestText({ ...id, branch: `z9hG4bK-i${index}`, headers: EXTRA, body: SDP }),
      requestText({ ...id, branch: `z9hG4bK-a${index}`, method: "ACK", toTag: "callee" }),
      requestText({ ...id, branch: `z9hG4bK-b${index}`, method: "BYE", toTag: "callee", cseq: 2 }),
    ];
  });
  const heapBefore = heapAfterCollection();
  const before = cpuMicroseconds();
  for (const [index, call] of texts.entries()) {
    for (const text of call) network.deliver(text);
    if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  report("incoming call (3 in, 4 out)", cpuMicroseconds() - before, { count, datagrams: 3 * count + network.sent });
  reportMemory(endpoint, count, heapBefore);
  await endpoint.close();
}

/** Calls that go out: INVITE, ACK, BYE out; 100, 180, 200, 200 in. */
async function outgoingCalls(count: number): Promise<void> {
  const uri = "sip:them@10.0.0.1";
  const network = new DirectDatagrams();
  const endpoint = await start(network);
  const heapBefore = heapAfterCollection();
  let spentOnPeer = 0;
  const reply = (status: number): void => {
    const before = cpuMicroseconds();
    const text = responseText(network.last, status);
    spentOnPeer += cpuMicroseconds() - before;
    network.deliver(text);
  };
  const before = cpuMicroseconds();
  for (let index = 0; index < count; index++) {
    const ours = (method: string, body = ""): SipMessage =>
      withHeaders(outgoing(method, uri, [["Content-Type", "application/sdp"]], body), (headers) =>
        headers.set("Call-ID", `ours-${index}`),
      );
    const events = { onResponse: () => undefined, onFailure: () => undefined };
    endpoint.request({ message: ours("INVITE", SDP), listener: "bench", nextHop: uri }, events);
    await Promise.resolve();
    const invite = network.last;
    for (const status of [100, 180, 200]) {
      network.last = invite;
      reply(status);
    }
    await endpoint.sendAck({ message: ours("ACK"), listener: "bench", nextHop: uri });
    endpoint.request({ message: ours("BYE"), listener: "bench", nextHop: uri }, events);
    await Promise.resolve();
    reply(200);
    if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const spent = cpuMicroseconds() - before - spentOnPeer;
  report("outgoing call (3 out, 4 in)", spent, { count, datagrams: 4 * count + network.sent });
  reportMemory(endpoint, count, heapBefore);
  await endpoint.close();
}

function report(what: string, spent: number, of: { readonly count: number; readonly datagrams: number }): void {
  const perCall = (spent / of.count).toFixed(1);
  const perDatagram = (spent / of.datagrams).toFixed(2);
  console.log(`${what}: ${perCall} µs per call, ${perDatagram} µs per datagram`);
}

/** Bytes that a call leaves behind for 32 s, with the garbage collected (run with --expose-gc). */
function reportMemory(endpoint: Endpoint, count: number, heapBefore: number): void {
  const { transactions } = endpoint.stats();
  const lingering = Object.values(transactions).reduce((sum, each) => sum + each, 0);
  const bytes = (heapAfterCollection() - heapBefore) / count;
  console.log(`  ${(lingering / count).toFixed(1)} transactions linger per call, ${bytes.toFixed(0)} bytes per call`);
}

function heapAfterCollection(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

for (let round = 0; round < 3; round++) {
  await incomingCalls(CALLS);
  await outgoingCalls(CALLS);
}
