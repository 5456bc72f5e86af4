import type { DatagramNetwork, DatagramReceiver } from "@tandem/sip-endpoint";

const HOST = "127.0.0.1";
const SDP = [
  "v=0",
  "o=sipp 1 1 IN IP4 127.0.0.1",
  "s=-",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=audio 6000 RTP/AVP 0 101",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:101 telephone-event/8000",
  "a=fmtp:101 0-15",
  "",
].join("\r\n");

/**
 * A caller and a callee in the same process, for benches: they speak by cutting texts together, so that they cost little beside what is measured. What
 * they send arrives in the next turn of the event loop.
 */
export class MemoryPeers implements DatagramNetwork {
  static readonly CALLER_PORT = 5070;
  static readonly CALLEE_PORT = 5080;
  readonly #sockets = new Map<number, DatagramReceiver>();
  readonly #waiting: (() => void)[] = [];
  readonly #calls = new Map<string, () => void>();
  #placed = 0;
  #lastPort = 6_000;

  bind(_options: unknown, receiver: DatagramReceiver): ReturnType<DatagramNetwork["bind"]> {
    const port = (this.#lastPort += 1);
    this.#sockets.set(port, receiver);
    return Promise.resolve({
      address: HOST,
      port,
      receiveBufferBytes: 8_000_000,
      send: (text, target) => {
        const bytes = Buffer.from(text, "latin1");
        if (target.port === MemoryPeers.CALLEE_PORT) this.#callee(bytes.toString("latin1"), port);
        else this.#caller(bytes.toString("latin1"));
      },
      close: () => Promise.resolve(),
    });
  }

  /** Places so many calls, some at once; resolves when all have ended. */
  async place(calls: number, atOnce: number): Promise<void> {
    let left = calls;
    const next = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await this.#call();
      }
    };
    await Promise.all(Array.from({ length: atOnce }, next));
  }

  #call(): Promise<void> {
    this.#placed += 1;
    const id = `${this.#placed}@bench`;
    return new Promise((resolve) => {
      this.#calls.set(id, resolve);
      const uri = `sip:100@${HOST}:6001`;
      this.#fromCaller(
        `INVITE ${uri} SIP/2.0\r\n${this.#via("caller")}From: <sip:alice@${HOST}:5070>;tag=c${this.#placed}\r\nTo: <${uri}>\r\nCall-ID: ${id}\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@${HOST}:5070;transport=UDP>\r\nMax-Forwards: 70\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, MESSAGE\r\nContent-Type: application/sdp\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`,
      );
    });
  }

  #caller(text: string): void {
    if (!text.startsWith("SIP/2.0 200")) return;
    const id = header(text, "Call-ID");
    if (header(text, "CSeq").endsWith("BYE")) {
      this.#calls.get(id)?.();
      this.#calls.delete(id);
      return;
    }
    const target = /<([^>]*)>/.exec(header(text, "Contact"))?.[1] ?? "";
    const dialog = `From: ${header(text, "From")}\r\nTo: ${header(text, "To")}\r\nCall-ID: ${id}\r\nMax-Forwards: 70\r\nContact: <sip:alice@${HOST}:5070;transport=UDP>\r\nContent-Length: 0\r\n\r\n`;
    this.#fromCaller(`ACK ${target} SIP/2.0\r\n${this.#via("caller")}CSeq: 1 ACK\r\n${dialog}`);
    setImmediate(() => {
      this.#fromCaller(`BYE ${target} SIP/2.0\r\n${this.#via("caller")}CSeq: 2 BYE\r\n${dialog}`);
    });
  }

  #callee(text: string, port: number): void {
    if (text.startsWith("INVITE ")) {
      this.#answer(text, port, "180 Ringing", "");
      this.#answer(text, port, "200 OK", SDP);
    } else if (text.startsWith("BYE ")) this.#answer(text, port, "200 OK", "");
  }

  #answer(request: string, port: number, status: string, body: string): void {
    const vias = request
      .split("\r\n")
      .filter((line) => line.startsWith("Via:"))
      .join("\r\n");
    const to = header(request, "To");
    const tagged = to.includes(";tag=") ? to : `${to};tag=b${header(request, "Call-ID").slice(0, 12)}`;
    const described = body === "" ? "" : "Content-Type: application/sdp\r\n";
    this.#deliver(
      port,
      `SIP/2.0 ${status}\r\n${vias}\r\nFrom: ${header(request, "From")}\r\nTo: ${tagged}\r\nCall-ID: ${header(request, "Call-ID")}\r\nCSeq: ${header(request, "CSeq")}\r\nContact: <sip:bob@${HOST}:5080;transport=UDP>\r\n${described}Content-Length: ${body.length}\r\n\r\n${body}`,
      MemoryPeers.CALLEE_PORT,
    );
  }

  #via(who: string): string {
    return `Via: SIP/2.0/UDP ${HOST}:5070;branch=z9hG4bK${who}${(this.#lastPort += 1)}\r\n`;
  }

  #fromCaller(text: string): void {
    this.#deliver(6_001, text, MemoryPeers.CALLER_PORT);
  }

  #deliver(port: number, text: string, from: number): void {
    const deliver = (): void => this.#sockets.get(port)?.onDatagram(Buffer.from(text, "latin1"), HOST, from);
    if (this.#waiting.push(deliver) === 1) setImmediate(() => this.#turn());
  }

  #turn(): void {
    for (const deliver of this.#waiting.splice(0)) deliver();
  }
}

function header(text: string, name: string): string {
  const start = text.indexOf(`\r\n${name}: `) + name.length + 4;
  return text.slice(start, text.indexOf("\r\n", start));
}
