import { EventEmitter, once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

interface Sender {
  readonly address: string;
  readonly port: number;
}

/**
 * A TCP peer's listening socket and its connections behind the face of a datagram socket: a message to an address goes by the connection that leads
 * there, or by a new one.
 */
export class StreamSocket extends EventEmitter<{ message: [Buffer, Sender]; close: [] }> {
  readonly #server: Server;
  readonly #connections = new Map<string, Socket>();
  /** Connections that the other side opened, since the start. */
  accepted = 0;
  /** Connections that ended otherwise than by `drop`, since the start. */
  ended = 0;

  private constructor(server: Server) {
    super();
    this.#server = server;
    server.on("connection", (socket) => {
      this.accepted += 1;
      this.#hold(socket, `${socket.remoteAddress ?? ""}:${socket.remotePort ?? 0}`);
    });
  }

  static async listen(address: string): Promise<StreamSocket> {
    const server = createServer();
    server.listen(0, address);
    await once(server, "listening");
    return new StreamSocket(server);
  }

  address(): AddressInfo {
    const bound = this.#server.address();
    if (bound === null || typeof bound === "string") throw new Error("a TCP server without a port");
    return bound;
  }

  send(message: Buffer, port: number, address: string): void {
    const key = `${address}:${port}`;
    const socket = this.#connections.get(key) ?? this.#hold(connect(port, address), key);
    socket.write(message);
  }

  /** Ends every connection at once; the peer goes on listening. */
  drop(): void {
    for (const socket of this.#connections.values()) socket.destroy();
    this.#connections.clear();
  }

  close(done?: () => void): void {
    this.drop();
    this.#server.close(() => {
      this.emit("close");
      done?.();
    });
  }

  #hold(socket: Socket, key: string): Socket {
    this.#connections.set(key, socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (this.#connections.get(key) !== socket) return;
      this.#connections.delete(key);
      this.ended += 1;
    });
    let rest = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (let end = messageEnd(rest); end > 0; end = messageEnd(rest)) {
        this.emit("message", rest.subarray(0, end), senderOf(key));
        rest = rest.subarray(end);
      }
    });
    return socket;
  }
}

/** Bytes of the first complete message (RFC 3261 §18.3: Content-Length is always there on a stream); 0: none yet. */
function messageEnd(bytes: Buffer): number {
  const text = bytes.toString("latin1");
  const ping = /^(?:\r\n)+/.exec(text)?.[0].length ?? 0;
  if (ping > 0) return ping;
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return 0;
  const length = Number(/^(?:Content-Length|l)\s*:\s*(\d+)/im.exec(text.slice(0, head))?.[1] ?? 0);
  const end = head + 4 + length;
  return bytes.length >= end ? end : 0;
}

function senderOf(key: string): Sender {
  const colon = key.lastIndexOf(":");
  return { address: key.slice(0, colon), port: Number(key.slice(colon + 1)) };
}
