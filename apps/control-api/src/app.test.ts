import { describe, expect, test } from "vitest";
import { createLogger } from "@tandem/runtime";
import { createApp } from "./app.ts";
import type { FastifyBaseLogger } from "fastify";
import type { ControlServices } from "./services.ts";

describe("a bug in a handler", () => {
  test("is a problem to the client and a log line of what and where, neither with its message, which may quote a number", async () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => void lines.push(line) };
    const app = await createApp({
      services: {} as ControlServices,
      keys: new Map(),
      logger: createLogger({ name: "test", level: "error", stream }) as FastifyBaseLogger,
      unready: () => {
        throw new TypeError("no place for +12125550100");
      },
    });
    const answer = await app.inject({ method: "GET", url: "/readyz" });
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ code: "internal-error" });
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { error: "TypeError", at: expect.stringContaining("app.test.ts") as string, url: "/readyz" },
    ]);
    expect(answer.body + lines.join("")).not.toContain("12125550100");
    await app.close();
  });
});
