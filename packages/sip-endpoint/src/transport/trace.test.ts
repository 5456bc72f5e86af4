import { expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { SimulatedDatagrams } from "../../test/simulated-datagrams.ts";
import { harmless, tracedDatagrams } from "./trace.ts";

it("a tracer that throws costs no datagram, and is told of once", async () => {
  const told: string[] = [];
  const log = { info: () => undefined, warn: (_fields: object, line: string) => told.push(line) };
  const broken = harmless(() => {
    throw new RangeError("too long");
  }, log);
  const network = tracedDatagrams(new SimulatedDatagrams(), broken, new FakeClock());
  const received: string[] = [];
  const bind = (port: number) =>
    network.bind(
      { address: "192.0.2.1", port, bufferBytes: 0 },
      { onDatagram: (bytes) => received.push(bytes.toString()), onError: () => undefined },
    );
  const [one] = [await bind(1), await bind(2)];
  one.send("a", { address: "192.0.2.1", port: 2 }, () => undefined);
  one.send("b", { address: "192.0.2.1", port: 2 }, () => undefined);
  await Promise.resolve();
  expect(received).toEqual(["a", "b"]);
  expect(told).toHaveLength(1);
});
