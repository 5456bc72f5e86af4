import { describe, expect, test } from "vitest";
import type { Errand } from "../ports/index.ts";
import { FakeWorld, answerTo, settle } from "../testing/index.ts";
import { withHeaders } from "@tandem/sip";

async function asked(task: Errand["task"], timeoutMs = 5_000) {
  const world = new FakeWorld();
  const worker = await world.worker();
  const result = world.errands.request({ id: "e1", pool: "east", trunk: "sos", timeoutMs, task });
  await settle();
  const sent = worker.sip.sent[0];
  if (sent === undefined) throw new Error("nothing was sent");
  return { world, worker, result, sent };
}

describe("an errand", () => {
  test("OPTIONS leaves by the trunk's listener; any final answer ends it", async () => {
    const { sent, result } = await asked({ kind: "options" });
    expect(sent.message.method).toBe("OPTIONS");
    expect(sent.request).toMatchObject({ pool: "east", listener: "outside", timeoutMs: 5_000 });
    sent.answer(answerTo(sent.message, 405));
    expect(await result).toMatchObject({ ok: true, value: { id: "e1", outcome: "answered", code: 405 } });
  });

  test("MESSAGE carries headers and text as octets of UTF-8", async () => {
    const { sent } = await asked({
      kind: "message",
      uri: "sip:desk@203.0.113.9",
      headers: [["Subject", "Notruf Müller"]],
      contentType: "text/plain;charset=UTF-8",
      body: "RD: Königstraße\r\n",
    });
    expect(sent.message.uri).toBe("sip:desk@203.0.113.9");
    expect(Buffer.from(sent.message.body, "latin1").toString("utf8")).toBe("RD: Königstraße\r\n");
    expect(Buffer.from(sent.message.get("Subject") ?? "", "latin1").toString("utf8")).toBe("Notruf Müller");
    expect(sent.message.get("Content-Type")).toBe("text/plain;charset=UTF-8");
  });

  test("that nobody answers ends with its time", async () => {
    const { world, result } = await asked({ kind: "options" }, 3_000);
    await world.clock.advance(3_000);
    expect(await result).toMatchObject({ ok: true, value: { outcome: "timeout", code: null } });
  });

  test("a test call is acknowledged in the dialog and ended as soon as it is answered", async () => {
    const { worker, sent, result } = await asked({ kind: "test-call", number: "933" });
    expect(sent.message.uri).toBe("sip:933@203.0.113.9:5060");
    expect(sent.message.body).toContain("m=audio 9 RTP/AVP 0 8");
    sent.answer(answerTo(sent.message, 180));
    const answer = withHeaders(answerTo(sent.message, 200), (headers) => {
      headers.append("Record-Route", "<sip:first.example;lr>");
      headers.append("Record-Route", "<sip:second.example;lr>");
    });
    sent.answer(answer);
    expect(await result).toMatchObject({ ok: true, value: { outcome: "answered", code: 200 } });
    await settle();
    const [, ack, bye] = worker.sip.sent.map(({ message }) => message);
    expect(ack?.method).toBe("ACK");
    expect(ack?.get("CSeq")).toBe("1 ACK");
    expect(bye?.method).toBe("BYE");
    expect(bye?.get("CSeq")).toBe("2 BYE");
    for (const message of [ack, bye]) {
      expect(message?.uri).toBe("sip:198.51.100.1:5060");
      expect(message?.get("To")).toBe(answer.get("To"));
      expect(message?.headers.filter(([name]) => name === "Route").map(([, value]) => value)).toEqual([
        "<sip:second.example;lr>",
        "<sip:first.example;lr>",
      ]);
    }
  });

  test("a test call nobody answers in time is cancelled, and one that is answered all the same is ended", async () => {
    const { world, worker, sent, result } = await asked({ kind: "test-call", number: "933" }, 3_000);
    sent.answer(answerTo(sent.message, 180));
    await world.clock.advance(3_000);
    await settle();
    expect(await result).toMatchObject({ ok: true, value: { outcome: "timeout" } });
    expect(sent.cancelled).toBe(true);
    sent.answer(answerTo(sent.message, 200));
    await settle();
    expect(worker.sip.sent.map(({ message }) => message.method)).toEqual(["INVITE", "ACK", "BYE"]);
  });

  test("over a trunk the topology does not have ends at once", async () => {
    const world = new FakeWorld();
    await world.worker();
    const errand = { id: "e1", pool: "east", trunk: "gone", timeoutMs: 5_000, task: { kind: "options" } } as const;
    expect(await world.errands.request(errand)).toMatchObject({ ok: true, value: { outcome: "unreachable" } });
  });
});
