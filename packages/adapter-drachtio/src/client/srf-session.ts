import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import Srf from "drachtio-srf";
import { FrameDecoder, type FrameFault, type WireEncoding } from "../wire/frame-decoder.ts";
import { FrameWriter } from "../wire/frame-writer.ts";
import { ReadingPace } from "./reading-pace.ts";

/** One connection attempt to one address of an edge. */
export interface SrfSessionOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** Tags of the authenticate frame. */
  readonly tags: readonly string[];
  /** `utf8` with the tag `octets`, else `latin1`. */
  readonly encoding: WireEncoding;
  /** A frame that goes off every so many milliseconds while the session is open, more often than drachtio-srf can ping; null: none. */
  readonly beat: { readonly everyMs: number; readonly frame: () => string } | null;
  readonly tls: ConnectionOptions | null;
  readonly limits: SessionLimits;
  readonly now: () => number;
}

export interface SessionLimits {
  /** Milliseconds between pings; 5 000 to 300 000 (drachtio-srf's range). */
  readonly pingMs: number;
  readonly maxFrameBytes: number;
  /** Octets the edge has not taken yet above which the connection is given up. */
  readonly maxPendingOctets: number;
}

/** Why a session ended: the socket's own end, a stream that cannot be read, or an edge that went silent or does not read. */
export type SessionEnd =
  | "closed"
  | "unreachable"
  | "refused"
  | "silent"
  | "stalled"
  | "local"
  | FrameFault
  | "bad-frame";

export interface SrfSessionEvents {
  /** The edge accepted us; `version` is its version token. */
  onOpen(version: string): void;
  /** A frame that drachtio-srf did not ask for: SIP messages and replies to our own frames. Synchronous. */
  onFrame(payload: string): void;
  /** Called once, also when the session never opened. */
  onEnd(end: SessionEnd): void;
}

/** The parts of drachtio-srf's objects used here; its published types do not describe them. */
interface SrfInside {
  readonly app: { readonly client: { readonly wp: EventEmitter } };
  connect(options: Readonly<Record<string, unknown>>): void;
  disconnect(): void;
  on(event: string, listener: (...values: never[]) => void): void;
}

/**
 * Beats in a row without a byte of the edge, which answers each: it, or the way to it, is gone without a word. 8 s at ten a second, and by then the edge has given what we had of it to another
 * worker (`beatlessMs` and a look of its own: 7 s). Counted, because a process that stood still reads what came meanwhile before the next beat.
 */
const MOST_BEATS_UNHEARD = 80;

/** drachtio-srf would open its own replacement after a loss, in plain TCP even for TLS; one attempt makes it leave that to the link. */
const NO_RECONNECT = { maxAttempts: 1 } as const;

/**
 * A drachtio-srf connection used for its session only: it connects, authenticates and pings. The socket's bytes are framed here, so that a
 * broken length cannot throw out of drachtio-srf's data handler, and SIP frames never reach its parser (docs/adr/0002).
 */
export class SrfSession {
  readonly #options: SrfSessionOptions;
  readonly #events: SrfSessionEvents;
  readonly #srf: SrfInside;
  #socket: Socket | null = null;
  #writer: FrameWriter | null = null;
  #pace: ReadingPace | null = null;
  #open = false;
  #ended = false;
  #beat: NodeJS.Timeout | null = null;
  #pingsUnheard = 0;
  #beatsUnheard = 0;
  #systemFault = "";

  constructor(options: SrfSessionOptions, events: SrfSessionEvents) {
    this.#options = options;
    this.#events = events;
    this.#srf = new Srf([...options.tags]) as unknown as SrfInside;
  }

  /** The system's name of the socket's error, `ECONNREFUSED`; empty: there was none. */
  get systemFault(): string {
    return this.#systemFault;
  }

  /** Begins to connect. */
  start(): void {
    const { host, port, secret, tls, limits } = this.#options;
    const srf = this.#srf;
    // Session faults are seen on the wire protocol; without a listener Node would throw the `error` event.
    srf.on("error", () => undefined);
    srf.connect({
      host,
      port,
      secret,
      reconnect: NO_RECONNECT,
      enablePing: true,
      pingInterval: limits.pingMs,
      ...(tls === null ? {} : { tls: { host, ...tls } }),
    });
    const wire = srf.app.client.wp;
    wire.on("connect", (socket: Socket) => this.#connected(socket, wire));
    wire.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
      this.#systemFault = code;
      this.#broken();
    });
    wire.on("close", () => this.#broken());
    wire.on("ping", () => this.#pinged());
  }

  /** Queues one frame; nothing happens when the session is not open. */
  send(payload: string): void {
    this.#writer?.send(payload);
  }

  /** Ends the session: what is queued is still sent when `graceful`. */
  close(graceful: boolean): void {
    this.#writer?.flush();
    if (graceful && this.#socket !== null) this.#srf.disconnect();
    this.#end("local");
    if (graceful) this.#socket?.destroySoon();
    else this.#socket?.destroy();
  }

  #connected(socket: Socket, wire: EventEmitter): void {
    // The attempt was given up while the system was still trying.
    if (this.#ended) return void socket.destroy();
    this.#socket = socket;
    const { encoding, limits, now } = this.#options;
    const decoder = new FrameDecoder({ maxFrameBytes: limits.maxFrameBytes, encoding });
    this.#writer = new FrameWriter({
      sink: socket,
      encoding,
      maxPendingOctets: limits.maxPendingOctets,
      onOverflow: () => this.#fail("stalled"),
      congestedOctets: limits.maxPendingOctets,
      onCongested: () => undefined,
      onDrained: () => undefined,
      now,
    });
    socket.removeAllListeners("data");
    this.#pace = new ReadingPace(socket, (chunk) => {
      if (this.#ended) return;
      this.#pingsUnheard = 0;
      this.#beatsUnheard = 0;
      const fault = decoder.push(chunk, (payload) => this.#frame(payload, wire));
      if (fault !== null) this.#fail(fault);
    });
  }

  /** What was read before is heard first: it came while the connection was whole. */
  #broken(): void {
    if (!this.#ended) this.#pace?.rest();
    this.#end(this.#socket === null ? "unreachable" : "closed");
  }

  #frame(payload: string, wire: EventEmitter): boolean {
    if (this.#open) this.#events.onFrame(payload);
    else this.#authenticated(payload, wire);
    return !this.#ended;
  }

  /** The first frame is the answer to authenticate; drachtio-srf needs it to begin its pings. */
  #authenticated(payload: string, wire: EventEmitter): void {
    const tokens = payload.split("|");
    if (tokens[1] !== "response" || tokens[3] !== "OK") return this.#fail("refused");
    this.#open = true;
    wire.emit("msg", this.#socket, payload);
    const { beat } = this.#options;
    if (beat !== null) this.#beat = setInterval(() => this.#sendBeat(beat.frame()), beat.everyMs);
    this.#events.onOpen(tokens[5] ?? "");
  }

  /** Two pings without a single byte in between: the edge or the network is gone without a word. */
  #pinged(): void {
    this.#pingsUnheard += 1;
    if (this.#pingsUnheard > 2) this.#fail("silent");
  }

  #sendBeat(frame: string): void {
    this.#beatsUnheard += 1;
    if (this.#beatsUnheard > MOST_BEATS_UNHEARD) this.#fail("silent");
    else this.send(frame);
  }

  #fail(end: SessionEnd): void {
    this.#end(end);
    this.#socket?.destroy();
  }

  #end(end: SessionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#writer = null;
    if (this.#beat !== null) clearInterval(this.#beat);
    this.#events.onEnd(end);
  }
}
