import { ReplyError } from "ioredis";
import { describe, expect, it } from "vitest";
import { storeFailure } from "./store-failure.ts";

describe("a failure of Redis", () => {
  it("carries neither the command's arguments nor the client's error object", () => {
    const error = new ReplyError("ERR unknown command 'X', with args beginning with: 'sip:+15551234@h' 'secret' ");
    Object.assign(error, { command: { name: "set", args: ["sip:+15551234@h"] } });
    const failure = storeFailure("save-call", error);
    expect(failure.code).toBe("store-unavailable");
    expect(failure.detail).toContain("save-call");
    expect(JSON.stringify(failure)).not.toMatch(/5551234|secret/);
  });

  it("is a failure even when what was thrown is no error", () => {
    expect(storeFailure("load-call", "odd")).toMatchObject({ code: "store-unavailable" });
  });
});
