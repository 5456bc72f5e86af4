import { latin1Text } from "@tandem/sip";
import type { EndpointConfig, EndpointLog, TracedMessage } from "../config.ts";
import type { Clock } from "../timers/clock.ts";
import type { DatagramNetwork } from "./datagram-network.ts";

/** Who gets traced messages. */
export type Tracer = NonNullable<EndpointConfig["trace"]>;

/** A tracer that cannot cost a message: one that throws is told of once and goes on being called. */
export function harmless(trace: Tracer, log: EndpointLog): Tracer {
  let told = false;
  return (message) => {
    try {
      trace(message);
    } catch (error) {
      if (told) return;
      told = true;
      log.warn({ reason: error instanceof Error ? error.name : typeof error }, "tracer failed, messages go on without");
    }
  };
}

/** A network whose datagrams are traced both ways. */
export function tracedDatagrams(network: DatagramNetwork, trace: Tracer, clock: Clock): DatagramNetwork {
  return {
    async bind(options, receiver) {
      let local = { localAddress: options.address, localPort: options.port };
      const socket = await network.bind(options, {
        onDatagram: (bytes, address, port) => {
          trace(traced("received", latin1Text(bytes), { transport: "udp", address, port, ...local }, clock));
          receiver.onDatagram(bytes, address, port);
        },
        onError: (error) => receiver.onError(error),
      });
      local = { localAddress: socket.address, localPort: socket.port };
      return {
        address: socket.address,
        port: socket.port,
        receiveBufferBytes: socket.receiveBufferBytes,
        send: (text, target, failed) => {
          const { address, port } = target;
          trace(traced("sent", text, { transport: "udp", address, port, ...local }, clock));
          socket.send(text, target, failed);
        },
        close: () => socket.close(),
      };
    },
  };
}

/** Both ends of the way a message took. */
type Ends = Pick<TracedMessage, "transport" | "address" | "port" | "localAddress" | "localPort">;

/** One message between us and a peer, now. */
export function traced(
  direction: TracedMessage["direction"],
  text: string,
  { transport, address, port, localAddress, localPort }: Ends,
  clock: Clock,
): TracedMessage {
  return { direction, atMs: clock.now(), text, transport, address, port, localAddress, localPort };
}
