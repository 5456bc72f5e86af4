import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { RecordCache, type Answer } from "./record-cache.ts";

/** A cache over answers that the test changes, with the questions asked. */
function make(options = { names: 100, staleMs: 60_000 }) {
  const clock = new FakeClock();
  const questions: string[] = [];
  const state: { answer: Answer<string> | Error } = { answer: { records: ["10.0.0.1"], ttlS: 30 } };
  const ask = (name: string): Promise<Answer<string>> => {
    questions.push(name);
    return state.answer instanceof Error ? Promise.reject(state.answer) : Promise.resolve(state.answer);
  };
  return { clock, questions, state, cache: new RecordCache(ask, clock, options) };
}

describe("the cache of DNS records", () => {
  it("asks once while the answer is fresh, and again after its TTL", async () => {
    const { cache, clock, questions, state } = make();
    await cache.get("gw.example.com");
    await clock.advance(29_999);
    expect(await cache.get("GW.example.com")).toEqual(["10.0.0.1"]);
    expect(questions).toHaveLength(1);
    state.answer = { records: ["10.0.0.2"], ttlS: 30 };
    await clock.advance(2);
    expect(await cache.get("gw.example.com")).toEqual(["10.0.0.2"]);
    expect(questions).toHaveLength(2);
  });

  it("asks once for all who ask at the same time", async () => {
    const { cache, questions } = make();
    await Promise.all([cache.get("gw.example.com"), cache.get("gw.example.com")]);
    expect(questions).toHaveLength(1);
  });

  it("remembers that there is no such record", async () => {
    const { cache, questions, state } = make();
    state.answer = { records: [], ttlS: 5 };
    await cache.get("gw.example.com");
    expect(await cache.get("gw.example.com")).toEqual([]);
    expect(questions).toHaveLength(1);
  });

  it("does not keep an answer with TTL 0", async () => {
    const { cache, questions, state } = make();
    state.answer = { records: ["10.0.0.1"], ttlS: 0 };
    await cache.get("gw.example.com");
    await cache.get("gw.example.com");
    expect(questions).toHaveLength(2);
  });

  it("serves the last answer for a while when DNS cannot be asked, then fails", async () => {
    const { cache, clock, state } = make();
    await cache.get("gw.example.com");
    state.answer = new Error("SERVFAIL");
    await clock.advance(80_000);
    expect(await cache.get("gw.example.com")).toEqual(["10.0.0.1"]);
    await clock.advance(11_000);
    await expect(cache.get("gw.example.com")).rejects.toThrow("SERVFAIL");
  });

  it("fails when DNS cannot be asked and nothing is known", async () => {
    const { cache, state } = make();
    state.answer = new Error("SERVFAIL");
    await expect(cache.get("gw.example.com")).rejects.toThrow("SERVFAIL");
    state.answer = { records: ["10.0.0.1"], ttlS: 30 };
    expect(await cache.get("gw.example.com")).toEqual(["10.0.0.1"]);
  });

  it("keeps a bounded number of names, the oldest go", async () => {
    const { cache, questions } = make({ names: 2, staleMs: 0 });
    for (const name of ["a", "b", "c", "a"]) await cache.get(name);
    expect(questions).toEqual(["a", "b", "c", "a"]);
    await cache.get("c");
    expect(questions).toHaveLength(4);
  });
});
