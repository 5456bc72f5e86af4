import { randomBytes } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP, SocketAddress } from "node:net";
import { err, ok, type Failure, type Result } from "@tandem/domain";

/** A command or an answer of the ng protocol. Descriptions and names are text, one character per octet as SIP messages have it. */
export type NgDictionary = Readonly<Record<string, unknown>>;

/** A command goes again after this time, as datagrams get lost; rtpengine knows it by its cookie and does it once. */
const REPEAT_MS = 60;
/** Nobody who does not see the command guesses its cookie. */
const COOKIE_OCTETS = 12;

interface Waiting {
  readonly settle: (answer: NgDictionary) => void;
  /** Whom the command went to; only an answer from there counts. */
  asked: SocketAddress | null;
  repeat: NodeJS.Timeout | undefined;
}

/** Speaks the ng protocol: one datagram `<cookie> <dictionary>` each way. Every command ends within its limit. */
export class NgClient {
  readonly #waiting = new Map<string, Waiting>();
  readonly #sockets = new Map<"ipv4" | "ipv6", Socket>();

  ask(relay: string, command: NgDictionary, limitMs: number): Promise<Result<NgDictionary, Failure>> {
    const cookie = randomBytes(COOKIE_OCTETS).toString("hex");
    const datagram = Buffer.from(`${cookie} ${JSON.stringify(command, asUtf8)}`, "utf8");
    return new Promise((resolve) => {
      const give = (result: Result<NgDictionary, Failure>): void => {
        clearInterval(waiting.repeat);
        clearTimeout(late);
        this.#waiting.delete(cookie);
        resolve(result);
      };
      const waiting: Waiting = { asked: null, repeat: undefined, settle: (answer) => give(ok(answer)) };
      const giveUp = (): void => give(unavailable(`no answer within ${limitMs} ms`));
      // Timers come before sockets: when this process stood still, the answer may lie there, and is read first.
      const late = setTimeout(() => setImmediate(giveUp), limitMs);
      this.#waiting.set(cookie, waiting);
      void addressOf(relay).then((address) => {
        if (address !== null && this.#waiting.has(cookie)) this.#begin(waiting, address, datagram);
      });
    });
  }

  async close(): Promise<void> {
    const sockets = [...this.#sockets.values()];
    this.#sockets.clear();
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => void socket.close(resolve))));
  }

  #begin(waiting: Waiting, address: SocketAddress, datagram: Buffer): void {
    waiting.asked = address;
    this.#send(address, datagram);
    waiting.repeat = setInterval(() => this.#send(address, datagram), REPEAT_MS);
  }

  /** What cannot be sent is what gets no answer. */
  #send({ address, port, family }: SocketAddress, datagram: Buffer): void {
    try {
      this.#socket(family).send(datagram, port, address, () => undefined);
    } catch {
      // Some faults are told by the callback, others are thrown, and by a timer there is nobody to catch them.
    }
  }

  #socket(family: "ipv4" | "ipv6"): Socket {
    const known = this.#sockets.get(family);
    if (known !== undefined) return known;
    const socket = createSocket(family === "ipv6" ? "udp6" : "udp4", (datagram, from) =>
      this.#onDatagram(datagram.toString("utf8"), from),
    );
    // A host that refuses the port says so by ICMP.
    socket.on("error", () => undefined);
    socket.unref();
    this.#sockets.set(family, socket);
    return socket;
  }

  #onDatagram(text: string, from: RemoteInfo): void {
    const space = text.indexOf(" ");
    const waiting = this.#waiting.get(text.slice(0, Math.max(0, space)));
    if (waiting?.asked?.address !== from.address || waiting.asked.port !== from.port) return;
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

/** Where a relay listens, its address written as datagrams from there have it; null: nowhere that a command could go. */
async function addressOf(relay: string): Promise<SocketAddress | null> {
  const colon = relay.lastIndexOf(":");
  const host = relay.slice(0, colon).replace(/^\[|\]$/g, "");
  const port = Number(relay.slice(colon + 1));
  try {
    const address = isIP(host) === 0 ? (await lookup(host, { order: "ipv4first" })).address : host;
    return new SocketAddress({ address, port, family: isIP(address) === 6 ? "ipv6" : "ipv4" });
  } catch {
    return null;
  }
}
