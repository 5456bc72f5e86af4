import { describe, expect, test } from "vitest";
import { errorReason } from "./error-reason.ts";

class ReplyError extends Error {
  override readonly name = "ReplyError";
}

describe("why a queue does not work", () => {
  test.each([
    [
      "what Redis calls it",
      new ReplyError("OOM command not allowed when used memory > 'maxmemory'."),
      "ReplyError OOM",
    ],
    [
      "what the system calls it",
      Object.assign(new Error("connect to 192.0.2.1"), { code: "ECONNREFUSED" }),
      "Error ECONNREFUSED",
    ],
    ["nothing where it is no error", "+12125550100", "string"],
  ])("is told by %s", (_, thrown, reason) => {
    expect(errorReason(thrown)).toBe(reason);
  });

  test("is not told by how its message begins unless that is Redis's", () => {
    expect(errorReason(new Error("SMITH has no such record"))).not.toContain("SMITH");
  });

  test("is told by its place where it has no such name", () => {
    expect(errorReason(new TypeError("no such record"))).toMatch(/^TypeError at .*error-reason\.test\.ts:\d+:\d+$/);
  });

  test.each([
    new ReplyError("ERR unknown command 'x', with args beginning with: '{\"calledNumber\":\"+12125550100\"}'"),
    new ReplyError("WRONGPASS invalid password +12125550100"),
    new Error('+12125550100 at line {"calledNumber":"+12125550100"}\n    at +12125550100'),
    Object.assign(new Error(""), { code: "+12125550100" }),
  ])("never quotes what it was about: %s", (thrown) => {
    expect(errorReason(thrown)).not.toContain("12125550100");
  });
});
