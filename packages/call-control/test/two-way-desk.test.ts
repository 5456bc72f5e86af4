import { describe, expect, test } from "vitest";
import { answerTo, arriving, FakeWorld, last, type FakeWorker } from "../src/testing/index.ts";
import {
  answer,
  answered,
  fromCalled,
  inDialog,
  MIXER,
  noted,
  RELAY,
  sentTo,
  stored,
  told,
  topology,
  type Running,
} from "./desk-calls.ts";

async function twoWay() {
  const made = new FakeWorld(topology([RELAY], "twoway"));
  return { made, worker: await made.worker() };
}

/** The mixer gets what the two say, and the relay what the mixer says. */
function carry({ media, mixers }: FakeWorld): void {
  for (const name of ["a", "b1"]) mixers.hearing.add(name);
  for (const name of ["a", "b1", "say-a", "say-b1"]) media.carries.add(name);
}

/** Some looks at the call, and what is done at them. */
async function look({ clock }: FakeWorld, times = 3): Promise<void> {
  for (let time = 0; time < times; time += 1) await clock.advance(300);
}

/** A call with its desk in it, led by the mixer. */
async function mixed(made: FakeWorld, worker: FakeWorker): Promise<Running> {
  const call = await answered(made, worker);
  await call.acknowledge();
  await answer(worker, "desk", 200);
  carry(made);
  await look(made);
  return call;
}

/** The PSAP describes its media again, and the caller answers; `meanwhile`: before he does. */
async function negotiated(
  made: FakeWorld,
  worker: FakeWorker,
  cseq: number,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
  body?: string,
): Promise<void> {
  const invite = { method: "INVITE", cseq, ...(body !== undefined && { body }) };
  worker.engine.onRequest(arriving(fromCalled(worker, "psap", invite), { listener: "outside" }));
  await made.clock.advance(1);
  await meanwhile();
  const sent = last(worker.sip.requests("INVITE"));
  sent.answer(answerTo(sent.message, 200));
  await made.clock.advance(1);
  worker.engine.onRequest(arriving(fromCalled(worker, "psap", { method: "ACK", cseq }), { listener: "outside" }));
  await made.clock.advance(1);
}

const led = ({ media }: FakeWorld) => [...media.instead];
const BY_THE_MIXER = [
  ["a", "say-a"],
  ["b1", "say-b1"],
];

describe("an emergency call whose security desk speaks, too", () => {
  test("offers the desk one stream both ways; the two are led by the mixer once it is proved, and not before", async () => {
    const { made, worker } = await twoWay();
    const call = await answered(made, worker);
    await call.acknowledge();
    const [invite] = sentTo(worker, "desk");
    expect(invite?.message.body.match(/^m=audio/gm)).toHaveLength(1);
    expect(invite?.message.body).toContain("a=sendrecv");
    expect(stored(made, call.callId)?.desk?.mixer).toBe(MIXER);
    await answer(worker, "desk", 200);
    await look(made);
    expect(led(made)).toEqual([]);
    carry(made);
    await look(made);
    expect(led(made)).toEqual(BY_THE_MIXER);
    expect(noted(made, call.callId)).toEqual(["called", "joined 200"]);
    const voices = made.mixers.calls.get(call.callId);
    expect([...(voices?.keys() ?? [])].toSorted()).toEqual(["a", "b1", "desk"]);
    expect(voices?.get("desk")?.hears).toEqual({ 0: "PCMU" });
  });

  test("is led directly again when the mixer falls silent, and goes on without its desk when it stays so", async () => {
    const { made, worker } = await twoWay();
    const call = await mixed(made, worker);
    made.mixers.away.add(MIXER);
    made.media.carries.clear();
    await look(made, 3);
    expect(led(made)).toEqual([]);
    expect(made.media.done.slice(-4)).toEqual(["end copy a", "end copy b1", "offer a>b1", "answer b1>a"]);
    await look(made, 8);
    expect(noted(made, call.callId)).toEqual(["called", "joined 200", "mixer-lost"]);
    expect(sentTo(worker, "desk", "BYE")).toHaveLength(1);
    expect(sentTo(worker, "psap", "INVITE")).toHaveLength(1);
    expect(stored(made, call.callId)?.phase).toBe("up");
  });

  test("is led by the mixer again when that was silent for a moment only", async () => {
    const { made, worker } = await twoWay();
    const call = await mixed(made, worker);
    made.media.carries.clear();
    await look(made, 3);
    expect(led(made)).toEqual([]);
    carry(made);
    await look(made, 3);
    expect(led(made)).toEqual(BY_THE_MIXER);
    expect(noted(made, call.callId)).toEqual(["called", "joined 200"]);
  });

  test("is led directly again when the desk hangs up, at any worker", async () => {
    const { made, worker } = await twoWay();
    const call = await mixed(made, worker);
    const other = await made.worker();
    other.engine.onRequest(arriving(fromCalled(worker, "desk", "BYE")));
    await look(made);
    expect(led(made)).toEqual([]);
    expect(noted(made, call.callId)).toEqual(["called", "joined 200", "left"]);
    expect(made.mixers.calls.has(call.callId)).toBe(false);
    expect(stored(made, call.callId)?.phase).toBe("up");
  });

  test("is led directly again when the desk hangs up while the relay does not answer", async () => {
    const { made, worker } = await twoWay();
    const call = await mixed(made, worker);
    made.media.away.add(RELAY);
    worker.engine.onRequest(arriving(fromCalled(worker, "desk", "BYE")));
    await made.clock.advance(1);
    expect(made.mixers.calls.has(call.callId)).toBe(true);
    made.media.away.delete(RELAY);
    await look(made);
    expect(led(made)).toEqual([]);
    expect(noted(made, call.callId)).toEqual(["called", "joined 200", "left"]);
  });

  test("is looked after by another worker when its own died", async () => {
    const { made, worker } = await twoWay();
    const call = await mixed(made, worker);
    await worker.engine.stop();
    await made.worker();
    await made.clock.advance(6_000);
    made.media.carries.clear();
    await look(made, 3);
    expect(led(made)).toEqual([]);
    expect(stored(made, call.callId)?.phase).toBe("up");
  });

  test("leaves the mixer before anything is negotiated, and comes back to it", async () => {
    const { made, worker } = await twoWay();
    await mixed(made, worker);
    const before = made.media.done.length;
    await negotiated(made, worker, 1, async () => {
      expect(made.media.done.slice(before, before + 2)).toEqual(["end copy a", "end copy b1"]);
      await look(made);
      expect(led(made)).toEqual([]);
    });
    await look(made);
    expect(led(made)).toEqual(BY_THE_MIXER);
  });

  test("keeps a desk that joins while the PSAP holds, and is led by the mixer when it is back", async () => {
    const { made, worker } = await twoWay();
    const call = await answered(made, worker);
    await call.acknowledge();
    const held = "m=audio 30000 RTP/AVP 0\r\na=sendonly\r\n";
    const session = "v=0\r\no=- 2 2 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n";
    await negotiated(made, worker, 1, () => Promise.resolve(), session + held);
    await answer(worker, "desk", 200);
    await look(made, 12);
    expect(noted(made, call.callId)).toEqual(["called", "joined 200"]);
    expect(led(made)).toEqual([]);
    await negotiated(made, worker, 2);
    carry(made);
    await look(made);
    expect(led(made)).toEqual(BY_THE_MIXER);
  });

  test("is led directly while the PSAP's transfer rings", async () => {
    const { made, worker } = await twoWay();
    await mixed(made, worker);
    const refer = { method: "REFER", headers: [["Refer-To", "<sip:12025550123@192.0.2.1>"]] } as const;
    worker.engine.onRequest(arriving(fromCalled(worker, "psap", refer), { listener: "outside" }));
    await made.clock.advance(1);
    expect(last(worker.sip.requests("INVITE")).message.uri).toContain("12025550123");
    await look(made);
    expect(led(made)).toEqual([]);
  });

  test("goes on without relay and mixer when the relay dies: the two are told of each other", async () => {
    const { made, worker } = await twoWay();
    const call = await mixed(made, worker);
    made.media.away.add(RELAY);
    await made.clock.advance(9_000);
    expect(noted(made, call.callId)).toEqual(["called", "joined 200", "relay-lost"]);
    expect(sentTo(worker, "psap")).toHaveLength(2);
    expect(last(sentTo(worker, "psap")).message.body).toContain("c=IN IP4 192.0.2.10");
    expect(stored(made, call.callId)?.phase).toBe("up");
  });

  test("is muted for a desk that holds it: nobody is to hear its music", async () => {
    const { made, worker } = await twoWay();
    const call = await mixed(made, worker);
    const body =
      "v=0\r\no=- 2 2 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n";
    worker.engine.onRequest(arriving(fromCalled(worker, "desk", { method: "INVITE", body })));
    await made.clock.advance(1);
    const desk = made.mixers.calls.get(call.callId)?.get("desk");
    expect([desk?.hears, desk?.says]).toEqual([{}, { 0: "PCMU" }]);
  });

  test("has a desk that only hears where no mixer answers", async () => {
    const { made, worker } = await twoWay();
    made.mixers.away.add(MIXER);
    const call = await answered(made, worker);
    await call.acknowledge();
    expect(sentTo(worker, "desk")[0]?.message.body.match(/a=sendonly/g)).toHaveLength(2);
    await answer(worker, "desk", 200);
    expect(told(worker)).toEqual(["desk no-mixer", "desk called", "desk joined"]);
    expect(noted(made, call.callId)).toEqual(["no-mixer", "called", "joined 200"]);
  });

  test("leaves nothing at the mixer when it is over", async () => {
    const { made, worker } = await twoWay();
    const call = await mixed(made, worker);
    worker.engine.onRequest(arriving(inDialog("BYE", call.ok, 2)));
    await made.clock.advance(1);
    const bye = last(sentTo(worker, "psap", "BYE"));
    bye.answer(answerTo(bye.message, 200, "psap"));
    await look(made);
    expect(made.mixers.calls.size).toBe(0);
    expect(sentTo(worker, "desk", "BYE")).toHaveLength(1);
  });
});
