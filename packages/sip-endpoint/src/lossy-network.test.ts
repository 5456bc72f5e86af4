import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FakeClock, settled } from "../test/fake-clock.ts";
import { ackTo, outgoing, RecordingClient, RecordingUser } from "../test/recorder.ts";
import { SimulatedDatagrams } from "../test/simulated-datagrams.ts";
import { createEndpoint } from "./create-endpoint.ts";
import type { Endpoint, ReceivedMessage } from "./endpoint.ts";

const CALLER = { address: "10.0.0.1", port: 5060 };
const CALLEE = { address: "10.0.0.9", port: 5060 };
const URI = "sip:service@10.0.0.9";

/** A caller that sends the ACK to each 2xx it hears of. */
class AcknowledgingClient extends RecordingClient {
  caller: Endpoint | undefined = undefined;

  override onResponse(response: ReceivedMessage): void {
    super.onResponse(response);
    if (response.message.status !== 200 || response.message.method !== "INVITE") return;
    void this.caller?.sendAck({ message: ackTo(response, URI), listener: null, nextHop: null });
  }
}

test("two endpoints over a network that loses datagrams: each side sees one call, and nothing lingers", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc.constantFrom(200, 486, 503),
      async (losses, status) => {
        const network = new SimulatedDatagrams();
        network.lose((_datagram, index) => losses[index] === true);
        const clock = new FakeClock();
        const user = new RecordingUser();
        user.answer = () => user.respond(status);
        const client = new AcknowledgingClient();
        const made = await Promise.all(
          [CALLER, CALLEE].map((at) =>
            createEndpoint(
              { listeners: [{ name: "only", transport: "udp", ...at }], datagrams: network, clock },
              at === CALLEE ? user : new RecordingUser(),
            ),
          ),
        );
        const [caller, callee] = made.map((each) => (each.ok ? each.value : undefined));
        if (caller === undefined || callee === undefined) throw new Error("no endpoint");
        client.caller = caller;

        caller.request({ message: outgoing("INVITE", URI), listener: null, nextHop: null }, client);
        await settled();
        await clock.advance(100_000);

        // Losses end after 40 datagrams: 64*T1 of repetitions get through.
        expect(user.requests.length).toBeLessThanOrEqual(1);
        expect(client.responses.length + client.failures.length).toBe(1);
        if (client.failures.length === 0) expect(client.statuses).toEqual([status]);
        const wholeCall = client.failures.length === 0 && status === 200;
        if (wholeCall) expect(user.acks.length + user.ackTimeouts.length).toBe(1);
        if (status !== 200) expect(user.acks).toEqual([]);
        for (const endpoint of [caller, callee]) {
          const { transactions } = endpoint.stats();
          expect(Object.values(transactions)).toEqual([0, 0, 0, 0]);
          await endpoint.close();
        }
        expect(clock.running).toBe(0);
      },
    ),
    { numRuns: 30 },
  );
});
