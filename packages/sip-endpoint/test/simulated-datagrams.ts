import type {
  DatagramNetwork,
  DatagramOptions,
  DatagramReceiver,
  DatagramSocket,
} from "../src/transport/datagram-network.ts";

export interface Datagram {
  readonly text: string;
  readonly from: string;
  readonly to: string;
}

/** A UDP network in memory: delivers in the same turn's microtasks, loses what it is told to, remembers everything. */
export class SimulatedDatagrams implements DatagramNetwork {
  /** Everything sent, lost datagrams included. */
  readonly sent: Datagram[] = [];
  private readonly sockets = new Map<string, DatagramReceiver>();
  private loses: (datagram: Datagram, index: number) => boolean = () => false;
  private readonly unreachable = new Set<string>();
  private nextPort = 40_000;

  bind(options: DatagramOptions, receiver: DatagramReceiver): Promise<DatagramSocket> {
    const port = options.port === 0 ? this.nextPort++ : options.port;
    const name = `${options.address}:${port}`;
    this.sockets.set(name, receiver);
    return Promise.resolve({
      address: options.address,
      port,
      receiveBufferBytes: options.bufferBytes,
      send: (text, target, failed) => {
        this.carry({ text, from: name, to: `${target.address}:${target.port}` }, failed);
      },
      close: () => {
        this.sockets.delete(name);
        return Promise.resolve();
      },
    });
  }

  /** Decides which datagrams are lost; `index` counts all datagrams from 0. */
  lose(loses: (datagram: Datagram, index: number) => boolean): void {
    this.loses = loses;
  }

  /** Sending to that address gives an error. */
  cut(address: string): void {
    this.unreachable.add(address);
  }

  private carry(datagram: Datagram, failed: (error: Error) => void): void {
    const index = this.sent.push(datagram) - 1;
    if (this.unreachable.has(datagram.to)) {
      queueMicrotask(() => failed(Object.assign(new Error("unreachable"), { code: "ENETUNREACH" })));
      return;
    }
    if (this.loses(datagram, index)) return;
    const [, address = "", port = "0"] = /^(.*):(\d+)$/.exec(datagram.from) ?? [];
    queueMicrotask(() =>
      this.sockets.get(datagram.to)?.onDatagram(Buffer.from(datagram.text, "latin1"), address, Number(port)),
    );
  }
}

/** A peer on the simulated network that keeps what it gets and sends what the test says. */
export class SimulatedPeer {
  readonly received: string[] = [];
  readonly address: string;
  readonly port: number;
  private readonly socket: DatagramSocket;

  private constructor(socket: DatagramSocket) {
    this.socket = socket;
    this.address = socket.address;
    this.port = socket.port;
  }

  static async at(network: SimulatedDatagrams, address: string, port = 5060): Promise<SimulatedPeer> {
    let peer: SimulatedPeer | undefined = undefined;
    const socket = await network.bind(
      { address, port, bufferBytes: 0 },
      { onDatagram: (bytes) => peer?.received.push(bytes.toString("latin1")), onError: () => undefined },
    );
    peer = new SimulatedPeer(socket);
    return peer;
  }

  send(text: string, to: { readonly address: string; readonly port: number }): void {
    this.socket.send(text, to, () => undefined);
  }

  /** Start lines of what came, in order. */
  get startLines(): readonly string[] {
    return this.received.map((text) => text.slice(0, text.indexOf("\r\n")));
  }

  get last(): string {
    return this.received.at(-1) ?? "";
  }
}
