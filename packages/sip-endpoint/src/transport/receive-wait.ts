import { randomBytes } from "node:crypto";
import { latin1Text } from "@tandem/sip";
import type { Clock } from "../timers/clock.ts";
import type { DatagramNetwork, DatagramReceiver, DatagramSocket } from "./datagram-network.ts";
import { StandingWait } from "./standing-wait.ts";

const LOOK_MS = 50;
/** No SIP message begins with it (RFC 3261 §25.1), and no keep-alive (RFC 5626 §3.5). */
const FIRST_OCTET = 0;
const NUMBER_DIGITS = 8;

/**
 * How long datagrams wait in the system's buffers before they are read. No system tells it, and the process itself does not feel it: under more load than it can carry the event
 * loop goes round as before while the queue in front of it grows. So every socket sends itself a datagram now and then and looks when it comes.
 */
export class ReceiveWait {
  readonly #sockets = new Set<StandingWait>();

  /** The longest of all sockets, milliseconds. */
  get ms(): number {
    let longest = 0;
    for (const { ms } of this.#sockets) longest = Math.max(longest, ms);
    return longest;
  }

  /** A network whose sockets are measured. What they send themselves is seen by nobody else. */
  over(network: DatagramNetwork, clock: Clock): DatagramNetwork {
    return {
      bind: async (options, receiver) => {
        const probes = new OwnDatagrams(receiver, clock);
        const socket = await network.bind(options, probes);
        this.#sockets.add(probes.wait);
        const stop = clock.every(LOOK_MS, () => probes.send(socket));
        return {
          address: socket.address,
          port: socket.port,
          receiveBufferBytes: socket.receiveBufferBytes,
          send: (text, target, failed) => socket.send(text, target, failed),
          close: () => {
            stop();
            this.#sockets.delete(probes.wait);
            return socket.close();
          },
        };
      },
    };
  }
}

/** What one socket sends itself; everything else goes on to its receiver. */
class OwnDatagrams implements DatagramReceiver {
  readonly wait = new StandingWait();
  /** Nobody else can know it, so nobody else can make a probe. */
  readonly #key = String.fromCharCode(FIRST_OCTET) + randomBytes(12).toString("hex");
  readonly #receiver: DatagramReceiver;
  readonly #clock: Clock;
  #sent = 0;

  constructor(receiver: DatagramReceiver, clock: Clock) {
    this.#receiver = receiver;
    this.#clock = clock;
  }

  send(socket: DatagramSocket): void {
    this.#sent += 1;
    const ticket = this.#sent.toString(16).padStart(NUMBER_DIGITS, "0");
    this.wait.look(ticket, this.#clock.monotonic());
    // One that cannot be sent is one that does not come back.
    socket.send(this.#key + ticket, { address: reachable(socket.address), port: socket.port }, () => undefined);
  }

  onDatagram(bytes: Buffer, address: string, port: number): void {
    const ticket = this.#ticketOf(bytes);
    if (ticket === null) this.#receiver.onDatagram(bytes, address, port);
    else this.wait.returned(ticket, this.#clock.monotonic());
  }

  onError(error: Error): void {
    this.#receiver.onError(error);
  }

  #ticketOf(bytes: Buffer): string | null {
    if (bytes[0] !== FIRST_OCTET || bytes.length !== this.#key.length + NUMBER_DIGITS) return null;
    const text = latin1Text(bytes);
    return text.startsWith(this.#key) ? text.slice(this.#key.length) : null;
  }
}

/** A socket bound to every address reaches itself by the loopback one. */
function reachable(address: string): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  return address === "::" ? "::1" : address;
}
