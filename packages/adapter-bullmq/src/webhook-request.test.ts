import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { idempotencyKey, signature } from "./webhook-request.ts";

describe("the idempotency key", () => {
  it("is the same for the same records in the same order, and else different", () => {
    const key = idempotencyKey(["a", "b"]);
    expect(idempotencyKey(["a", "b"])).toBe(key);
    const others = [["b", "a"], ["a"], ["ab"], []].map((ids) => idempotencyKey(ids));
    expect(new Set([key, ...others]).size).toBe(5);
  });

  it("is a job id BullMQ takes: no colon", () => {
    expect(idempotencyKey(["x:y"])).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe("the signature", () => {
  it("covers time and body", () => {
    const mac = createHmac("sha256", "key").update('1800000000.{"a":1}').digest("hex");
    expect(signature("key", '{"a":1}', 1_800_000_000_999)).toBe(`t=1800000000,v1=${mac}`);
  });
});
