import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";

const FRAME_SAMPLES = 160;
const FRAME_MS = 20;
const SAMPLES_PER_SECOND = 8_000;
const AMPLITUDE = 6_000;
/** What is looked at for a tone: 200 ms. */
const HEARD_SAMPLES = 1_600;
/** A tone of a quarter of the usual strength counts. */
const LEAST_AMPLITUDE = AMPLITUDE / 4;

/** A peer's audio in G.711 (PCMU): it says a tone of its own all the time, and tells the tones of others apart. */
export class TonePhone implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #hertz: number;
  readonly #ssrc = randomInt(2 ** 31);
  #sequence = 0;
  #to: number | null = null;
  #heard: number[] = [];
  #heardAtMs = -Infinity;
  readonly #saying: NodeJS.Timeout;
  /** Digits that came (RFC 4733). */
  readonly digits = new Set<number>();

  private constructor(socket: Socket, hertz: number) {
    this.#socket = socket;
    this.#hertz = hertz;
    this.#saying = setInterval(() => this.#say(), FRAME_MS);
    socket.on("message", (packet) => this.#hear(packet));
  }

  /** `hertz`: a multiple of 50 up to 3000. */
  static async open(hertz: number): Promise<TonePhone> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => void socket.bind(0, "127.0.0.1", resolve));
    return new TonePhone(socket, hertz);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  description(direction = "sendrecv"): string {
    const session = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"];
    const maps = ["a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16"];
    return [...session, `m=audio ${this.port} RTP/AVP 0 101`, ...maps, `a=${direction}`, ""].join("\r\n");
  }

  /** Speaks to the first stream of a description from now on. */
  speakTo(description: string): void {
    this.#to = Number(/^m=audio (\d+)/m.exec(description)?.[1] ?? 9);
  }

  /** One packet of a digit. */
  press(digit: number): void {
    this.#send(101, Buffer.from([digit, 0x8a, 0x01, 0x40]));
  }

  /** What came lately has this tone in it. */
  hears(hertz: number): boolean {
    if (performance.now() - this.#heardAtMs > 10 * FRAME_MS || this.#heard.length < HEARD_SAMPLES) return false;
    let [real, imaginary] = [0, 0];
    for (const [at, sample] of this.#heard.entries()) {
      const angle = (2 * Math.PI * hertz * at) / SAMPLES_PER_SECOND;
      real += sample * Math.cos(angle);
      imaginary += sample * Math.sin(angle);
    }
    return (2 * Math.hypot(real, imaginary)) / this.#heard.length > LEAST_AMPLITUDE;
  }

  /** Forgets what it heard. */
  forget(): void {
    this.#heard = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#saying);
    await new Promise<void>((resolve) => void this.#socket.close(() => resolve()));
  }

  #say(): void {
    const first = this.#sequence * FRAME_SAMPLES;
    const octets = Uint8Array.from({ length: FRAME_SAMPLES }, (_, at) => {
      return muLaw(Math.round(AMPLITUDE * Math.sin((2 * Math.PI * this.#hertz * (first + at)) / SAMPLES_PER_SECOND)));
    });
    this.#send(0, Buffer.from(octets));
  }

  #send(payloadType: number, payload: Buffer): void {
    if (this.#to === null) return;
    const head = Buffer.alloc(12);
    head.writeUInt16BE(0x8000 | payloadType, 0);
    head.writeUInt16BE((this.#sequence += 1) & 0xffff, 2);
    head.writeUInt32BE((this.#sequence * FRAME_SAMPLES) % 2 ** 32, 4);
    head.writeUInt32BE(this.#ssrc, 8);
    this.#socket.send(Buffer.concat([head, payload]), this.#to, "127.0.0.1", () => undefined);
  }

  #hear(packet: Buffer): void {
    const payload = packet.subarray(12);
    if ((packet.readUInt8(1) & 0x7f) === 101) this.digits.add(payload.readUInt8(0));
    else {
      this.#heard = [...this.#heard, ...Array.from(payload, linear)].slice(-HEARD_SAMPLES);
      this.#heardAtMs = performance.now();
    }
  }
}

/** ITU-T G.711, by its definition: sign, segment, step. */
function linear(octet: number): number {
  const [sign, segment, step] = [~octet & 0x80, (~octet >> 4) & 7, ~octet & 15];
  const magnitude = ((2 * step + 33) * 2 ** segment - 33) * 4;
  return sign === 0 ? magnitude : -magnitude;
}

const LINEAR = Array.from({ length: 256 }, (_, octet) => linear(octet));

/** The octet whose sample is nearest. */
function muLaw(sample: number): number {
  let nearest = 0;
  for (const [octet, value] of LINEAR.entries()) {
    if (Math.abs(value - sample) < Math.abs((LINEAR[nearest] ?? 0) - sample)) nearest = octet;
  }
  return nearest;
}
