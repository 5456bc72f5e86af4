import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { SocketAddress } from "@tandem/runtime";
import { FrameDecoder, type WireEncoding } from "../../src/wire/frame-decoder.ts";

/** How an application logs in that takes every method, and bodies as they are. */
export const OCTETS = { tags: "octets", verbs: ["*"] } as const;

/** A frame from the edge, cut at its bars. */
export interface RawFrame {
  readonly payload: string;
  readonly tokens: readonly string[];
  readonly text: string;
}

/** How long the message has waited at the edge (ms), by the frame that brings it. */
export function waitIn({ tokens }: RawFrame): number {
  return Number.parseInt(tokens[7] ?? "", 10);
}

/** An application that speaks the protocol byte by byte, well or badly. */
export class RawApp {
  readonly socket: Socket;
  readonly frames: RawFrame[] = [];
  closed = false;
  readonly #encoding: WireEncoding;
  readonly #waiting = new Set<() => void>();
  #serial = 0;

  private constructor(socket: Socket, encoding: WireEncoding) {
    this.socket = socket;
    this.#encoding = encoding;
    const decoder = new FrameDecoder({ maxFrameBytes: 1 << 24, encoding });
    socket.on("data", (chunk: Buffer) => {
      decoder.push(chunk, (payload) => {
        const end = payload.indexOf("\r\n");
        const head = end < 0 ? payload : payload.slice(0, end);
        this.frames.push({ payload, tokens: head.split("|"), text: end < 0 ? "" : payload.slice(end + 2) });
        return true;
      });
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async connect(address: SocketAddress, encoding: WireEncoding = "latin1"): Promise<RawApp> {
    const socket = connect(address.port, address.host);
    await once(socket, "connect");
    return new RawApp(socket, encoding);
  }

  /** Connects, authenticates and registers the verbs. */
  static async login(address: SocketAddress, options: LoginOptions = {}): Promise<RawApp> {
    const { secret = "s3cret", tags = "", verbs = [] } = options;
    const app = await RawApp.connect(address, tags.includes("octets") ? "utf8" : "latin1");
    await app.ask(`authenticate|${secret}|${tags}`);
    for (const verb of verbs) await app.ask(`route|${verb}`);
    return app;
  }

  /** Sends one frame and returns its id. */
  send(rest: string): string {
    this.#serial += 1;
    const id = `a${this.#serial}`;
    const payload = Buffer.from(`${id}|${rest}`, this.#encoding);
    this.socket.write(Buffer.concat([Buffer.from(`${payload.length}#`), payload]));
    return id;
  }

  /** Sends one frame and waits for its reply. */
  ask(rest: string): Promise<RawFrame> {
    const id = this.send(rest);
    return this.expect((frame) => frame.tokens[1] === "response" && frame.tokens[2] === id);
  }

  /** Waits for the first frame not taken yet that fits, and takes it. */
  expect(fits: (frame: RawFrame) => boolean): Promise<RawFrame> {
    return this.until(() => {
      const index = this.frames.findIndex(fits);
      return index < 0 ? undefined : this.frames.splice(index, 1)[0];
    });
  }

  /** Waits for a SIP message whose text starts like this. */
  sip(start: string): Promise<RawFrame> {
    return this.expect((frame) => frame.tokens[1] === "sip" && frame.text.startsWith(start));
  }

  /** Waits until the edge closed the connection. */
  end(): Promise<true> {
    return this.until(() => (this.closed ? true : undefined));
  }

  async until<T>(look: () => T | undefined, patienceMs = 15_000): Promise<T> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`did not come; frames: ${JSON.stringify(this.frames)}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, 100);
        this.#waiting.add(wake);
      });
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

export interface LoginOptions {
  readonly secret?: string;
  readonly tags?: string;
  readonly verbs?: readonly string[];
}
