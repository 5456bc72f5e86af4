import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ListenerTls } from "../src/config.ts";
import { waitUntil } from "./wait-until.ts";

/** One end of a TCP or TLS connection in a test: keeps every byte it got. */
export class StreamPeer {
  text = "";
  closed = false;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => (this.text += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => (this.closed = true));
  }

  static async connect(port: number, host = "127.0.0.1"): Promise<StreamPeer> {
    const peer = new StreamPeer(connect({ port, host }));
    await waitUntil("connected", () => peer.socket.readyState === "open" || peer.closed);
    return peer;
  }

  static async connectTls(port: number, own: ListenerTls | undefined, ca: string): Promise<StreamPeer> {
    const identity = own === undefined ? {} : { cert: own.certificate, key: own.key };
    const socket = connectTls({ port, host: "127.0.0.1", ca, checkServerIdentity: () => undefined, ...identity });
    const peer = new StreamPeer(socket);
    await waitUntil("TLS connected", () => socket.authorized || peer.closed);
    return peer;
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Start lines of the messages that came (none of them with a body). */
  get startLines(): readonly string[] {
    return this.messages.map((message) => message.slice(0, message.indexOf("\r\n")));
  }

  /** Complete messages without bodies. */
  get messages(): readonly string[] {
    return this.text
      .split("\r\n\r\n")
      .slice(0, -1)
      .map((head) => `${head}\r\n\r\n`);
  }

  async got(count: number): Promise<void> {
    await waitUntil(`${count} messages on the stream`, () => this.messages.length >= count);
  }

  async gone(): Promise<void> {
    await waitUntil("connection closed", () => this.closed);
  }
}

/** A TCP server that keeps its connections. */
export class StreamServer {
  readonly peers: StreamPeer[] = [];
  readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    server.on("connection", (socket) => this.peers.push(new StreamPeer(socket)));
  }

  static async listen(port = 0): Promise<StreamServer> {
    const made = new StreamServer(createServer());
    made.server.listen(port, "127.0.0.1");
    await waitUntil("listening", () => made.server.listening);
    return made;
  }

  get port(): number {
    const address = this.server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  /** The nth connection, once it is there. */
  async peer(index = 0): Promise<StreamPeer> {
    await waitUntil("a connection", () => this.peers.length > index);
    const peer = this.peers[index];
    if (peer === undefined) throw new Error("no connection");
    return peer;
  }

  close(): void {
    for (const peer of this.peers) peer.socket.destroy();
    this.server.close();
  }
}
