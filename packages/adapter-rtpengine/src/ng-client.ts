import { createSocket, type Socket } from "node:dgram";
import { randomUUID } from "node:crypto";
import { isIPv6 } from "node:net";
import { err, ok, type Failure, type Result } from "@tandem/domain";

/** A command or an answer of the ng protocol. Descriptions and names are text, one character per octet as SIP messages have it. */
export type NgDictionary = Readonly<Record<string, unknown>>;

/** A command goes again after this time, as datagrams get lost; rtpengine knows it by its cookie and does it once. */
const REPEAT_MS = 60;

interface Waiting {
  readonly settle: (answer: NgDictionary) => void;
}

/** Speaks the ng protocol: one datagram `<cookie> <dictionary>` each way. Every command ends within its limit. */
export class NgClient {
  readonly #waiting = new Map<string, Waiting>();
  readonly #sockets = new Map<"udp4" | "udp6", Socket>();
  readonly #session = randomUUID().slice(0, 8);
  #serial = 0;

  ask(relay: string, command: NgDictionary, limitMs: number): Promise<Result<NgDictionary, Failure>> {
    const cookie = `${this.#session}${(this.#serial += 1)}`;
    const datagram = Buffer.from(`${cookie} ${JSON.stringify(command, asUtf8)}`, "utf8");
    return new Promise((resolve) => {
      const send = (): void => this.#send(relay, datagram);
      const repeat = setInterval(send, REPEAT_MS);
      const give = (result: Result<NgDictionary, Failure>): void => {
        clearInterval(repeat);
        clearTimeout(late);
        this.#waiting.delete(cookie);
        resolve(result);
      };
      const late = setTimeout(() => give(unavailable(`no answer within ${limitMs} ms`)), limitMs);
      this.#waiting.set(cookie, { settle: (answer) => give(ok(answer)) });
      send();
    });
  }

  async close(): Promise<void> {
    const sockets = [...this.#sockets.values()];
    this.#sockets.clear();
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => void socket.close(resolve))));
  }

  /** What cannot be sent is what gets no answer. */
  #send(relay: string, datagram: Buffer): void {
    const { host, port } = addressOf(relay);
    this.#socket(isIPv6(host) ? "udp6" : "udp4").send(datagram, port, host, () => undefined);
  }

  #socket(type: "udp4" | "udp6"): Socket {
    const known = this.#sockets.get(type);
    if (known !== undefined) return known;
    const socket = createSocket(type, (datagram) => this.#onDatagram(datagram.toString("utf8")));
    // A host that refuses the port says so by ICMP.
    socket.on("error", () => undefined);
    socket.unref();
    this.#sockets.set(type, socket);
    return socket;
  }

  #onDatagram(text: string): void {
    const space = text.indexOf(" ");
    const waiting = this.#waiting.get(text.slice(0, Math.max(0, space)));
    if (waiting === undefined) return;
    waiting.settle(dictionaryIn(text.slice(space + 1)));
  }
}

/** An answer that cannot be read holds nothing. */
function dictionaryIn(text: string): NgDictionary {
  try {
    const value: unknown = JSON.parse(text, asLatin1);
    return typeof value === "object" && value !== null ? (value as NgDictionary) : {};
  } catch {
    return {};
  }
}

/** JSON is text; octets of a description that are UTF-8 go as the characters they mean, and come back as octets. */
function asUtf8(_key: string, value: unknown): unknown {
  return typeof value === "string" ? Buffer.from(value, "latin1").toString("utf8") : value;
}

function asLatin1(_key: string, value: unknown): unknown {
  return typeof value === "string" ? Buffer.from(value, "utf8").toString("latin1") : value;
}

export function unavailable(detail: string): Result<never, Failure> {
  return err({ code: "relay-unavailable", detail });
}

function addressOf(relay: string): { readonly host: string; readonly port: number } {
  const colon = relay.lastIndexOf(":");
  return { host: relay.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(relay.slice(colon + 1)) };
}
