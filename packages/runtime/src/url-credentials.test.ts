import { assert, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { withUrlCredentials } from "./url-credentials.ts";

describe("credentials kept apart from their URL", () => {
  test.each([
    ["redis://host:6379/0", undefined, "p@ss/word", "redis://:p%40ss%2Fword@host:6379/0"],
    ["rediss://host/0", "tandem", "secret", "rediss://tandem:secret@host/0"],
    ["sentinel://a:1,b:2/main?tls=true", "u", "p", "sentinel://u:p@a:1,b:2/main?tls=true"],
    ["redis://old:older@host", undefined, "new", "redis://old:new@host"],
    ["redis://host", undefined, undefined, "redis://host"],
    ["no url", "u", "p", "no url"],
  ])("%s with %s and %s", (url, username, password, expected) => {
    expect(withUrlCredentials(url, { username, password })).toBe(expected);
  });

  test("secrets of the query are added to it", () => {
    const credentials = {
      username: undefined,
      password: undefined,
      query: { "sentinel-password": "a&b", other: undefined },
    };
    expect(withUrlCredentials("sentinel://h/m", credentials)).toBe("sentinel://h/m?sentinel-password=a%26b");
    expect(withUrlCredentials("sentinel://h/m?tls=true", credentials)).toBe(
      "sentinel://h/m?tls=true&sentinel-password=a%26b",
    );
  });

  test("any password comes out of the URL as it went in", () => {
    assert(
      property(string({ unit: "grapheme", minLength: 1 }), (password) => {
        const url = new URL(withUrlCredentials("redis://host:1/0", { username: "u", password }));
        expect(decodeURIComponent(url.password)).toBe(password);
      }),
    );
  });
});
