import { latin1Text } from "@tandem/sip";
import type { EndpointConfig, TracedMessage, Transport } from "../config.ts";
import type { Clock } from "../timers/clock.ts";
import type { DatagramNetwork } from "./datagram-network.ts";

/** Who gets traced messages. */
export type Tracer = NonNullable<EndpointConfig["trace"]>;

/** A network whose datagrams are traced both ways. */
export function tracedDatagrams(network: DatagramNetwork, trace: Tracer, clock: Clock): DatagramNetwork {
  return {
    async bind(options, receiver) {
      const socket = await network.bind(options, {
        onDatagram: (bytes, address, port) => {
          trace(traced("received", latin1Text(bytes), { transport: "udp", address, port }, clock));
          receiver.onDatagram(bytes, address, port);
        },
        onError: (error) => receiver.onError(error),
      });
      return {
        address: socket.address,
        port: socket.port,
        receiveBufferBytes: socket.receiveBufferBytes,
        send: (text, target, failed) => {
          trace(traced("sent", text, { transport: "udp", address: target.address, port: target.port }, clock));
          socket.send(text, target, failed);
        },
        close: () => socket.close(),
      };
    },
  };
}

/** One message between us and a peer, now. */
export function traced(
  direction: TracedMessage["direction"],
  text: string,
  peer: { readonly transport: Transport; readonly address: string; readonly port: number },
  clock: Clock,
): TracedMessage {
  const { transport, address, port } = peer;
  return { direction, atMs: clock.now(), text, transport, address, port };
}
