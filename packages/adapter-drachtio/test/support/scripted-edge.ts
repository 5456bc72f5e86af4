import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { SocketAddress } from "@tandem/runtime";
import { FrameDecoder } from "../../src/wire/frame-decoder.ts";

/** An edge that says exactly what the test wants, true or not. */
export class ScriptedEdge {
  readonly #server: Server;
  readonly sockets: Socket[] = [];
  readonly frames: string[] = [];
  /** What it answers to authenticate; a function of the message id. */
  welcome: ((id: string) => string) | null = (id) =>
    `w|response|${id}|OK|udp/192.0.2.1:5060|v0.9.10-tandem;edge=scripted;pool=east|udp/192.0.2.1:5060`;
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => this.#serve(socket));
  }

  static async listen(port = 0): Promise<ScriptedEdge> {
    const server = createServer();
    const edge = new ScriptedEdge(server);
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return edge;
  }

  get address(): SocketAddress {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Sends one frame on the newest connection. */
  send(payload: string): void {
    this.raw(`${Buffer.byteLength(payload)}#${payload}`);
  }

  raw(bytes: string): void {
    this.sockets.at(-1)?.write(bytes);
  }

  /** Waits for the first frame that matches, and takes it. */
  async expect(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const index = this.frames.findIndex((frame) => pattern.test(frame));
      const [found] = index < 0 ? [] : this.frames.splice(index, 1);
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`no frame ${pattern}; frames: ${JSON.stringify(this.frames)}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, 50);
        this.#waiting.add(wake);
      });
    }
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #serve(socket: Socket): void {
    this.sockets.push(socket);
    socket.on("error", () => undefined);
    const decoder = new FrameDecoder({ maxFrameBytes: 1 << 20, encoding: "utf8" });
    socket.on("data", (chunk: Buffer) => {
      decoder.push(chunk, (payload) => {
        this.frames.push(payload);
        const [id, kind] = payload.split("|");
        if (kind === "authenticate" && this.welcome !== null) this.send(this.welcome(id ?? ""));
        return true;
      });
      for (const wake of this.#waiting) wake();
    });
  }
}
