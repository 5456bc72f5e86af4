import type { Socket } from "node:net";
import type { ReceivedMessage } from "@tandem/sip-endpoint";
import {
  parseAppFrame,
  type AcknowledgedAppFrame,
  type AppFrame,
  type HoldAppFrame,
  type ProxyAppFrame,
  type SipAppFrame,
} from "../wire/app-frame.ts";
import { formatReply } from "../wire/edge-frame.ts";
import { FrameDecoder, type FrameFault } from "../wire/frame-decoder.ts";
import { FrameWriter } from "../wire/frame-writer.ts";
import type { Application, OrphanedAnswer, RequestTokens } from "./application.ts";
import { incomingFrame } from "./incoming-frame.ts";
import { missingAckFrame } from "./missing-ack-frame.ts";
import { orphanAnswerFrame } from "./orphan-answer-frame.ts";
import type { AnsweredInvite } from "./offer.ts";
import type { TokenSource } from "./token-source.ts";

/** Why an application's connection ended. */
export type SessionLoss =
  | FrameFault
  | "closed"
  | "unauthenticated"
  | "wrong-secret"
  | "auth-timeout"
  | "malformed"
  | "stalled"
  | "silent"
  | "shutdown";

export interface SessionLimits {
  /** A connection must authenticate within this time, milliseconds. */
  readonly authMs: number;
  /** Longest payload before authentication, bytes: a secret and twenty tags fit. */
  readonly authFrameBytes: number;
  /** Longest payload afterwards, bytes. */
  readonly maxFrameBytes: number;
  /** Octets an application may leave unread before its connection is dropped. */
  readonly maxPendingOctets: number;
  /** Octets left unread above which we stop reading from it: who does not take answers may not ask. */
  readonly congestedOctets: number;
  /** Time without any progress of unread octets before the connection is dropped, milliseconds. */
  readonly stalledMs: number;
  /** Time without a byte from a client that pings (tag `octets`) before the connection is dropped, milliseconds. */
  readonly silentMs: number;
  /**
   * The same of a client that sends something some times a second (tag `beats`): it, or the way to it, is gone without a word, and what it had is offered to others. Shorter than it waits for us itself
   * (`MOST_BEATS_UNHEARD`): they have its calls when it goes on without this edge.
   */
  readonly beatlessMs: number;
  /** Time without a byte after which a client that sends something some times a second (tag `beats`) counts as standing still, milliseconds. */
  readonly stillMs: number;
}

/** What is told to a client that authenticated. */
interface Welcome {
  readonly hostports: string;
  readonly version: string;
  readonly localHostports: string;
}

export interface AppSessionOptions {
  readonly limits: SessionLimits;
  readonly secretMatches: (candidate: string) => boolean;
  readonly welcome: () => Welcome;
  readonly tokens: TokenSource;
  readonly now: () => number;
  /** How long what comes over UDP waits until this process reads it, milliseconds, and how many new calls a second come. */
  readonly load: () => { readonly receiveMs: number; readonly callsPerSecond: number };
  readonly events: AppSessionEvents;
}

/** Frames of an authenticated client that are not about the session itself. */
export type WorkFrame =
  | Extract<AppFrame, { kind: "route" | "remove-route" }>
  | SipAppFrame
  | ProxyAppFrame
  | HoldAppFrame
  | AcknowledgedAppFrame;

interface AppSessionEvents {
  onReady(session: AppSession): void;
  onFrame(session: AppSession, frame: WorkFrame): void;
  /** It stands still from now on. */
  onStill(session: AppSession): void;
  /** Called once. `session.ready` tells whether it had authenticated. */
  onGone(session: AppSession, loss: SessionLoss): void;
}

/** Time for the last frame to a refused client to leave, milliseconds. */
const LAST_WORD_MS = 1_000;
/** Looks in a row at a client that is late which make it still or silent: when the edge itself stood still, what came meanwhile is read before the second one. */
const UNHEARD_LOOKS = 2;

/** One application connected to the edge: framing, authentication, ping, and a writer that cannot grow without bound. */
export class AppSession implements Application {
  readonly id: string;
  readonly local = false;
  readonly #socket: Socket;
  readonly #options: AppSessionOptions;
  readonly #decoder: FrameDecoder;
  readonly #writer: FrameWriter;
  readonly #startMs: number;
  #heardMs: number;
  #ready = false;
  #gone = false;
  #octets = false;
  #beats = false;
  #looksUnheard = 0;
  #still = false;
  #framesIn = 0;
  #framesOut = 0;

  constructor(socket: Socket, options: AppSessionOptions) {
    const { limits, now } = options;
    this.id = options.tokens.next();
    this.#socket = socket;
    this.#options = options;
    this.#startMs = now();
    this.#heardMs = this.#startMs;
    this.#decoder = new FrameDecoder({ maxFrameBytes: limits.authFrameBytes, encoding: "latin1" });
    this.#writer = new FrameWriter({
      sink: socket,
      encoding: "latin1",
      maxPendingOctets: limits.maxPendingOctets,
      onOverflow: () => this.drop("stalled"),
      congestedOctets: limits.congestedOctets,
      onCongested: () => void socket.pause(),
      onDrained: () => this.#hearAgain(),
      now,
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 1000);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", () => this.drop("closed"));
    socket.on("close", () => this.drop("closed"));
  }

  /** Authenticated and connected. */
  get ready(): boolean {
    return this.#ready && !this.#gone;
  }

  get octets(): boolean {
    return this.#octets;
  }

  get still(): boolean {
    return this.#still;
  }

  get framesIn(): number {
    return this.#framesIn;
  }

  get framesOut(): number {
    return this.#framesOut;
  }

  /** Queues one frame whose first token is a message id of ours. */
  send(payload: string): void {
    this.#framesOut += 1;
    this.#writer.send(payload);
  }

  /** Answers a frame with a few tokens. */
  reply(to: string, outcome: string): void {
    this.send(formatReply(this.#options.tokens.next(), to, outcome));
  }

  deliver(received: ReceivedMessage, tokens: RequestTokens): void {
    this.send(incomingFrame(received, this, { ...tokens, ...this.#head() }));
  }

  ackMissing(answered: AnsweredInvite): void {
    this.send(missingAckFrame(answered, this.#options.tokens.next()));
  }

  orphanAnswer(orphaned: OrphanedAnswer): void {
    this.send(orphanAnswerFrame(orphaned, this.#head()));
  }

  #head(): { readonly id: string; readonly nowMs: number } {
    return { id: this.#options.tokens.next(), nowMs: this.#options.now() };
  }

  /** Ends the connection at once; queued frames are lost. */
  drop(loss: SessionLoss): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#socket.destroy();
    this.#options.events.onGone(this, loss);
  }

  /** The edge closes: what is queued still leaves. */
  dismiss(): void {
    if (this.#gone) return;
    this.#leave("shutdown");
  }

  /** Periodic look: an authentication that does not come, a reader that takes nothing, a client that stands still or fell silent. */
  check(nowMs: number): void {
    const { limits } = this.#options;
    if (!this.#ready && nowMs - this.#startMs > limits.authMs) return this.drop("auth-timeout");
    if (this.#writer.stalledMs(nowMs) > limits.stalledMs) return this.drop("stalled");
    this.#looksUnheard = nowMs - this.#heardMs < limits.stillMs ? 0 : this.#looksUnheard + 1;
    const silentMs = this.#beats ? limits.beatlessMs : limits.silentMs;
    // One that is slow to take what it asked for is not read meanwhile; whether it takes anything is asked above.
    const isRead = !this.#socket.isPaused();
    if (this.#octets && isRead && this.#isUnheard(nowMs, silentMs)) return this.drop("silent");
    if (!this.#beats || this.#still || !this.#isUnheard(nowMs, limits.stillMs)) return;
    this.#still = true;
    this.#options.events.onStill(this);
  }

  #isUnheard(nowMs: number, forMs: number): boolean {
    return this.#looksUnheard >= UNHEARD_LOOKS && nowMs - this.#heardMs >= forMs;
  }

  /** What it said while it was not read comes now. */
  #hearAgain(): void {
    this.#heardMs = this.#options.now();
    this.#looksUnheard = 0;
    this.#socket.resume();
  }

  #read(chunk: Buffer): void {
    if (this.#gone) return;
    this.#heardMs = this.#options.now();
    this.#looksUnheard = 0;
    this.#still = false;
    const fault = this.#decoder.push(chunk, (payload) => {
      this.#frame(parseAppFrame(payload));
      return !this.#gone;
    });
    if (fault !== null) this.#refuse("", "Invalid message format", fault);
  }

  #frame(frame: AppFrame): void {
    this.#framesIn += 1;
    switch (frame.kind) {
      case "authenticate":
        return this.#authenticate(frame);
      case "malformed":
        return this.#refuse(frame.id, frame.reason, this.#ready ? "malformed" : "unauthenticated");
      case "ping":
        if (this.#ready) return this.reply(frame.id, this.#beats ? `OK|pong|${this.#loadTokens()}` : "OK|pong");
        return this.#refuse(frame.id, "not authenticated", "unauthenticated");
      default:
        if (this.#ready) return this.#options.events.onFrame(this, frame);
        return this.#refuse(frame.id, "not authenticated", "unauthenticated");
    }
  }

  #loadTokens(): string {
    const { receiveMs, callsPerSecond } = this.#options.load();
    return `${Math.round(receiveMs)}|${callsPerSecond}`;
  }

  #authenticate(frame: Extract<AppFrame, { kind: "authenticate" }>): void {
    if (!this.#options.secretMatches(frame.secret)) return this.#refuse(frame.id, "incorrect secret", "wrong-secret");
    if (this.#ready) return this.#refuse(frame.id, "already authenticated", "malformed");
    const { hostports, version, localHostports } = this.#options.welcome();
    this.reply(frame.id, `OK|${hostports}|${version}|${localHostports}`);
    this.#ready = true;
    this.#octets = frame.tags.includes("octets");
    this.#beats = this.#octets && frame.tags.includes("beats");
    this.#decoder.maxFrameBytes = this.#options.limits.maxFrameBytes;
    if (this.#octets) {
      this.#decoder.encoding = "utf8";
      this.#writer.encoding = "utf8";
    }
    this.#options.events.onReady(this);
  }

  /** `NO|<text>`, as the framing layer of drachtio-server says it, then the end of the connection. */
  #refuse(to: string, text: string, loss: SessionLoss): void {
    if (this.#gone) return;
    this.reply(to, `NO|${text}`);
    this.#leave(loss);
  }

  #leave(loss: SessionLoss): void {
    this.#writer.flush();
    this.#gone = true;
    this.#socket.destroySoon();
    // A peer that does not read would keep the socket open for as long as it likes.
    this.#socket.setTimeout(LAST_WORD_MS, () => void this.#socket.destroy());
    this.#options.events.onGone(this, loss);
  }
}
