import { once } from "node:events";
import type { EventEmitter } from "node:events";
import Srf from "drachtio-srf";
import type { ServerUnderTest } from "./server-under-test.ts";

/** What a test uses of drachtio-srf; its published types do not say it. */
export interface SrfRequest extends EventEmitter {
  readonly method: string;
  readonly uri: string;
  readonly body: string;
  readonly source: string;
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  readonly receivedOn: string;
  readonly stackTxnId: string;
  readonly stackDialogId: string;
  readonly res: SrfResponse;
  get(name: string): string;
  has(name: string): boolean;
  getParsedHeader(name: string): { uri: string; params: Record<string, string> };
  cancel(callback?: (error: Error | null) => void): void;
  proxy(options: Record<string, unknown>): Promise<ProxyResult>;
}

interface ProxyResult {
  readonly connected: boolean;
  readonly finalStatus: number;
  readonly responses: readonly { readonly msgs: readonly { readonly status: number }[] }[];
}

export interface SrfResponse extends EventEmitter {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
  readonly stackDialogId: string;
  get(name: string): string;
  has(name: string): boolean;
  send(status: number, options?: SendOptions, callback?: SendCallback, onAck?: (ack: SrfRequest) => void): void;
  send(status: number, reason: string, options?: SendOptions, callback?: SendCallback): void;
}

export interface SendOptions {
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

type SendCallback = (error: unknown, sent?: SrfResponse) => void;

export interface SrfDialog extends EventEmitter {
  readonly id: string;
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
  readonly local: { readonly sdp: string; readonly contact: string };
  readonly remote: { readonly sdp: string; readonly uri: string };
  readonly other: SrfDialog;
  destroy(options?: SendOptions): Promise<SrfRequest>;
  modify(sdp: string): Promise<string>;
  request(options: { method: string } & SendOptions): Promise<SrfResponse>;
}

interface UacOptions extends SendOptions {
  readonly localSdp?: string;
  readonly proxy?: string;
  readonly auth?: { readonly username: string; readonly password: string };
  readonly method?: string;
  readonly noAck?: boolean;
}

interface UacProgress {
  readonly cbRequest?: (error: Error | null, request: SrfRequest) => void;
  readonly cbProvisional?: (response: SrfResponse) => void;
}

type Handler = (request: SrfRequest, response: SrfResponse, next: () => void) => void;

export interface SrfApp extends EventEmitter {
  connect(options: Record<string, unknown>): void;
  disconnect(): void;
  use(method: string, handler: Handler): void;
  request(uri: string, options: RequestOptions): Promise<SrfRequest>;
  createUAS(
    request: SrfRequest,
    response: SrfResponse,
    options: SendOptions & { localSdp?: string },
  ): Promise<SrfDialog>;
  createUAC(uri: string, options: UacOptions, progress?: UacProgress): Promise<SrfDialog>;
  createB2BUA(
    request: SrfRequest,
    response: SrfResponse,
    uri: string,
    options?: Record<string, unknown>,
  ): Promise<{ uas: SrfDialog; uac: SrfDialog }>;
  unregisterForMessages(verb: string): void;
}

interface RequestOptions extends SendOptions {
  readonly method: string;
  readonly stackDialogId?: string;
  readonly proxy?: string;
  readonly auth?: { readonly username: string; readonly password: string };
}

/** A drachtio-srf application from npm, unchanged, connected to the server under test. */
export class SrfApplication {
  readonly srf: SrfApp;
  readonly #arrived: { request: SrfRequest; response: SrfResponse }[] = [];
  readonly #waiting: ((arrived: { request: SrfRequest; response: SrfResponse }) => void)[] = [];

  private constructor() {
    this.srf = new Srf() as unknown as SrfApp;
    this.srf.on("error", () => undefined);
  }

  /** Connects with routes for these methods; what arrives is kept for `next`. */
  static async connect(server: ServerUnderTest, methods: readonly string[] = []): Promise<SrfApplication> {
    const application = new SrfApplication();
    for (const method of methods) {
      application.srf.use(method, (request, response) => application.#take({ request, response }));
    }
    const connected = once(application.srf, "connect");
    application.srf.connect({ ...server.admin, secret: server.secret });
    const [error] = (await connected) as [Error | null];
    if (error !== null) throw error;
    // The routes were sent before; a round trip tells that they are in force.
    await application.#roundTrip(server);
    return application;
  }

  /** The next request that reached the application by its routes. */
  next(): Promise<{ request: SrfRequest; response: SrfResponse }> {
    const [arrived] = this.#arrived.splice(0, 1);
    if (arrived !== undefined) return Promise.resolve(arrived);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Requests that nobody asked for. */
  get untaken(): readonly string[] {
    return this.#arrived.map(({ request }) => request.method);
  }

  disconnect(): void {
    this.srf.disconnect();
  }

  #take(arrived: { request: SrfRequest; response: SrfResponse }): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#arrived.push(arrived);
    else waiting(arrived);
  }

  async #roundTrip(server: ServerUnderTest): Promise<void> {
    // A request that every server refuses at once.
    await this.srf
      .request(`sip:${server.sip.address}:${server.sip.port}`, { method: "OPTIONS" })
      .catch(() => undefined);
  }
}

/** The final response to a request of the application. */
export async function finalResponse(request: SrfRequest): Promise<SrfResponse> {
  for (;;) {
    const [response] = (await once(request, "response")) as [SrfResponse];
    if (response.status >= 200) return response;
  }
}

/** Sends a response and waits for the server's word; the error is the text after NOK. */
export function sendResponse(response: SrfResponse, status: number, options: SendOptions = {}): Promise<SrfResponse> {
  return new Promise((resolve, reject) => {
    response.send(status, options, (error, sent) => {
      if (error instanceof Error) reject(error);
      else if (typeof error === "string") reject(new Error(error));
      else if (sent !== undefined) resolve(sent);
    });
  });
}

/** A session description that tells its name. */
export function sdp(name: string): string {
  return `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=${name}\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=sendrecv\r\n`;
}
