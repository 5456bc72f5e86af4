import { describe, expect, test } from "vitest";
import { joined, sections, sectionsOf } from "./desk-description.ts";

const lines = (...all: string[]): string => [...all, ""].join("\r\n");
const caller = lines(
  "v=0",
  "o=- 1 1 IN IP4 h",
  "s=-",
  "c=IN IP4 192.0.2.1",
  "t=0 0",
  "m=audio 4000 RTP/AVP 0",
  "a=sendonly",
);
const psap = lines(
  "v=0",
  "o=- 2 1 IN IP4 h",
  "s=x",
  "t=0 0",
  "a=ptime:30",
  "m=audio 5000 RTP/AVP 8",
  "c=IN IP4 192.0.2.2",
  "a=sendonly",
);

describe("one description of several", () => {
  test("has every stream in order, each with what its own session said (RFC 8866 §5)", () => {
    expect(joined([caller, psap])).toBe(
      lines(
        "v=0",
        "o=- 1 1 IN IP4 h",
        "s=-",
        "t=0 0",
        "m=audio 4000 RTP/AVP 0",
        "c=IN IP4 192.0.2.1",
        "a=sendonly",
        "m=audio 5000 RTP/AVP 8",
        "c=IN IP4 192.0.2.2",
        "a=ptime:30",
        "a=sendonly",
      ),
    );
  });

  test("what a stream says for itself stands", () => {
    const own = caller
      .replace("a=sendonly", "c=IN IP4 192.0.2.9\r\na=sendonly")
      .replace("t=0 0", "t=0 0\r\na=sendrecv");
    expect(joined([own])).toContain("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.9\r\na=sendonly\r\n");
    expect(joined([own])?.match(/^c=/gm)).toHaveLength(1);
  });

  test("there is none of what cannot be read", () => {
    expect(joined([caller, "nonsense"])).toBeNull();
    expect(joined([])).toBeNull();
  });
});

describe("sections of an answer", () => {
  const answer = caller + "m=audio 0 RTP/AVP 8\r\n";

  test.each([
    [0, 1, ["4000"]],
    [1, Infinity, ["0"]],
    [2, Infinity, []],
    [0, 2, ["4000", "0"]],
  ])("from %d, %d of them", (from, count, ports) => {
    const part = sections(answer, { from, count });
    expect(part).toMatch(/^v=0\r\no=- 1 1/);
    expect([...(part ?? "").matchAll(/^m=audio (\d+)/gm)].map(([, port]) => port)).toEqual(ports);
  });

  test("are counted, and are none in what cannot be read", () => {
    expect([answer, "nonsense", ""].map(sectionsOf)).toEqual([2, 0, 0]);
    expect(sections("nonsense", { from: 0, count: 1 })).toBeNull();
  });
});
