import type { EmergencyProvider, Failure, Result } from "@tandem/domain";
import { err, ok } from "@tandem/domain";
import { expect, it } from "vitest";
import { keptProvider } from "./kept-provider.ts";

const acme = { name: "ACME", fqdn: "acme.example" } as unknown as EmergencyProvider;

function counted(answers: readonly Result<EmergencyProvider | null, Failure>[]) {
  let nowMs = 1_000;
  let reads = 0;
  const provider = keptProvider(
    () => Promise.resolve(answers[reads++] ?? ok(null)),
    () => nowMs,
  );
  return {
    provider,
    reads: () => reads,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

it("a thousand lookups at once read the topology once, and none does within ten seconds", async () => {
  const { provider, reads, pass } = counted([ok(acme), ok(null)]);
  await Promise.all(Array.from({ length: 1_000 }, provider));
  pass(9_999);
  expect(await provider()).toBe(acme);
  expect(reads()).toBe(1);
  pass(1);
  expect(await provider()).toBeNull();
  expect(reads()).toBe(2);
});

it("a topology that cannot be read leaves the provider known before, and is asked for again", async () => {
  const { provider, reads, pass } = counted([ok(acme), err({ code: "store-unavailable", detail: "" }), ok(null)]);
  await provider();
  pass(10_000);
  expect(await provider()).toBe(acme);
  expect(await provider()).toBeNull();
  expect(reads()).toBe(3);
});

it("a read that throws is the caller's, and the next one reads again", async () => {
  let reads = 0;
  const provider = keptProvider(
    () => (reads++ === 0 ? Promise.reject(new Error("bug")) : Promise.resolve(ok(acme))),
    () => 0,
  );
  await expect(provider()).rejects.toThrow("bug");
  expect(await provider()).toBe(acme);
});
