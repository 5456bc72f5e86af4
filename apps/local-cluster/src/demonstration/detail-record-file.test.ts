import { describe, expect, it } from "vitest";
import { findRecords } from "./detail-record-file.ts";

const call = { kind: "call", id: "c1", callId: "c1", sipCallId: "sample-1", attempts: 2 };
const attempt = (number: number) => ({ kind: "attempt", id: `c1-${number}`, callId: "c1", number });
const lines = (...records: readonly object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join("");

describe("findRecords", () => {
  it("waits for the call and for every attempt", () => {
    expect(findRecords("", "sample-1")).toBeNull();
    expect(findRecords(lines(attempt(1), attempt(2)), "sample-1")).toBeNull();
    expect(findRecords(lines(call, attempt(1)), "sample-1")).toBeNull();
    expect(findRecords(lines(call, attempt(1), attempt(2)), "other")).toBeNull();
  });

  it("gives attempts in order, each once though it may come twice", () => {
    const found = findRecords(lines(attempt(2), call, attempt(1), attempt(2), call), "sample-1");
    expect(found?.call).toEqual(call);
    expect(found?.attempts).toEqual([attempt(1), attempt(2)]);
  });

  it("a line that is being written is left for the next look", () => {
    expect(findRecords(lines(call, attempt(1)) + JSON.stringify(attempt(2)).slice(0, 10), "sample-1")).toBeNull();
  });
});
