import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FakeClock, settled } from "../test/fake-clock.ts";
import { outgoing, RecordingClient, RecordingUser } from "../test/recorder.ts";
import { SimulatedDatagrams, SimulatedPeer } from "../test/simulated-datagrams.ts";
import { requestText, responseText } from "../test/sip-texts.ts";
import { createEndpoint } from "./create-endpoint.ts";

const US = { address: "10.0.0.9", port: 5060 };

const valid = fc.oneof(
  fc.constantFrom("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "PRACK").map((method) => requestText({ method })),
  fc.constantFrom(100, 180, 200, 486).map((status) => responseText(requestText(), status)),
);

/** A message with a few pieces cut out, doubled or replaced. */
const broken = fc
  .tuple(
    valid,
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 40 }), fc.string({ unit: "binary-ascii", maxLength: 12 })), {
      maxLength: 4,
    }),
  )
  .map(([text, wounds]) =>
    wounds.reduce((left, [at, length, filler]) => {
      const start = at % (left.length + 1);
      return left.slice(0, start) + filler + left.slice(start + length);
    }, text),
  );

test("whatever arrives, nothing is thrown, everything is answered, passed up or counted, and nothing stays", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(broken, { maxLength: 12 }), async (texts) => {
      const network = new SimulatedDatagrams();
      const peer = await SimulatedPeer.at(network, "10.0.0.1");
      const clock = new FakeClock();
      const user = new RecordingUser();
      user.answer = () => user.respond(200);
      const made = await createEndpoint(
        { listeners: [{ name: "only", transport: "udp", ...US }], datagrams: network, clock },
        user,
      );
      if (!made.ok) throw new Error(made.error.detail);
      const client = new RecordingClient();
      const message = outgoing("OPTIONS", "sip:10.0.0.1");
      made.value.request({ message, listener: null, nextHop: null }, client);
      await settled();
      for (const text of texts) peer.send(text, US);
      await settled();
      await clock.advance(70_000);
      // A sound request is still served, and the silence of the peer still noticed.
      peer.send(requestText({ method: "OPTIONS", callId: "sound", branch: "z9hG4bKsound" }), US);
      await settled();
      expect(peer.last).toMatch(/^SIP\/2\.0 200 /);
      expect(client.failures).toMatchObject([{ reason: "timeout" }]);
      await clock.advance(70_000);
      expect(Object.values(made.value.stats().transactions)).toEqual([0, 0, 0, 0]);
      await made.value.close();
    }),
    { numRuns: 150 },
  );
});
