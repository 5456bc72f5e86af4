import { createSocket, type Socket } from "node:dgram";

const MAPS = { 0: "PCMU", 8: "PCMA", 101: "telephone-event" } as const;

/** Audio of one peer: a port that says packets with an SSRC and notes whom it hears. */
export class RtpPhone implements AsyncDisposable {
  /** SSRCs that were heard. */
  readonly heard = new Set<number>();
  /** Payload types that were heard. */
  readonly formats = new Set<number>();
  readonly #socket: Socket;
  #sequence = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (packet) => {
      this.heard.add(packet.readUInt32BE(8));
      this.formats.add(packet.readUInt8(1) & 0x7f);
    });
  }

  static async open(): Promise<RtpPhone> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => void socket.bind(0, "127.0.0.1", resolve));
    return new RtpPhone(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** A G.711 session here. `formats`: payload types, those of MAPS. */
  description(direction = "sendrecv", formats: readonly (keyof typeof MAPS)[] = [0]): string {
    const session = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"];
    const maps = formats.map((type) => `a=rtpmap:${type} ${MAPS[type]}/8000`);
    const media = [`m=audio ${this.port} RTP/AVP ${formats.join(" ")}`, ...maps, `a=${direction}`, ""];
    return [...session, ...media].join("\r\n");
  }

  /** One packet of silence to the first stream of a description. */
  say(ssrc: number, description: string): void {
    const packet = Buffer.alloc(172, 0xff);
    packet.writeUInt16BE(0x8000, 0);
    packet.writeUInt16BE((this.#sequence += 1), 2);
    packet.writeUInt32BE(this.#sequence * 160, 4);
    packet.writeUInt32BE(ssrc, 8);
    this.#socket.send(packet, Number(/^m=audio (\d+)/m.exec(description)?.[1] ?? 9), "127.0.0.1");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => void this.#socket.close(() => resolve()));
  }
}
