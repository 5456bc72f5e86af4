import { describe, expect, test } from "vitest";
import { formatSocketAddress, parseSocketAddress } from "./address.ts";

describe("parseSocketAddress", () => {
  test.each([
    ["127.0.0.1:5060", { host: "127.0.0.1", port: 5060 }],
    ["edge.example:0", { host: "edge.example", port: 0 }],
    ["[2001:db8::1]:5061", { host: "2001:db8::1", port: 5061 }],
  ])("%s is read and written back", (text, address) => {
    expect(parseSocketAddress(text)).toEqual(address);
    expect(formatSocketAddress(address)).toBe(text);
  });

  test.each(["", "host", "host:", ":1", "host:70000", "2001:db8::1:5061", "ho st:1", "[host]:1"])(
    "%j is no address",
    (text) => expect(parseSocketAddress(text)).toBeUndefined(),
  );
});
