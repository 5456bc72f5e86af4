import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

/** Says that it is a Redis of some version, and `OK` to everything else it is told. */
export class OldServer {
  version: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(version: string) {
    this.version = version;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      let text = "";
      socket.on("data", (chunk: Buffer) => {
        const { commands, rest } = commandsIn(text + chunk.toString("latin1"));
        text = rest;
        for (const [name = ""] of commands) socket.write(this.#replyTo(name.toUpperCase()));
      });
    });
  }

  static async listen(version: string): Promise<OldServer> {
    const made = new OldServer(version);
    made.#server.listen(0, "127.0.0.1");
    await once(made.#server, "listening");
    return made;
  }

  get url(): string {
    const address = this.#server.address();
    return `redis://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
  }

  /** Its clients connect again. */
  dropClients(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dropClients();
    this.#server.close();
    await once(this.#server, "close");
  }

  #replyTo(name: string): string {
    if (name !== "INFO") return "+OK\r\n";
    const info = `# Server\r\nredis_version:${this.version}\r\nredis_mode:standalone\r\nloading:0\r\n`;
    return `$${info.length}\r\n${info}\r\n`;
  }
}

/** Complete commands (RESP arrays of bulk strings) at the beginning of a text. */
function commandsIn(text: string): { readonly commands: readonly (readonly string[])[]; readonly rest: string } {
  const commands: string[][] = [];
  let at = 0;
  for (;;) {
    const head = /^\*(\d+)\r\n/.exec(text.slice(at));
    if (head === null) return { commands, rest: text.slice(at) };
    let next = at + head[0].length;
    const words: string[] = [];
    for (let word = 0; word < Number(head[1]); word += 1) {
      const size = /^\$(\d+)\r\n/.exec(text.slice(next));
      const start = next + (size?.[0].length ?? 0);
      const end = start + Number(size?.[1]);
      if (size === null || text.length < end + 2) return { commands, rest: text.slice(at) };
      words.push(text.slice(start, end));
      next = end + 2;
    }
    commands.push(words);
    at = next;
  }
}
