import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { describe, expect, test } from "vitest";
import { createLogger } from "./logger.ts";
import { outliveStrayRejections } from "./stray-rejections.ts";

/** How a process ends that runs this. */
async function exitOf(program: string): Promise<unknown> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "ignore" });
  return (await once(child, "exit"))[0];
}

describe("a promise that fails and that nobody waits for", () => {
  test("is one line that says what and where, how many there were, and not what may be personal", () => {
    const lines: string[] = [];
    const logger = createLogger({ name: "test", level: "info", stream: { write: (line) => void lines.push(line) } });
    const host = new EventEmitter();
    outliveStrayRejections(logger, host);
    host.emit("unhandledRejection", new TypeError("no route to +12125550100"));
    host.emit("unhandledRejection", "+12125550100");
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { error: "TypeError", at: expect.stringContaining("stray-rejections.test.ts") as string, count: 1 },
      { error: "string", at: "", count: 2 },
    ]);
    expect(lines.join("")).not.toContain("12125550100");
  });

  test("ends no process that follows them", async () => {
    const followed = `import { outliveStrayRejections } from ${JSON.stringify(import.meta.resolve("./stray-rejections.ts"))};
      outliveStrayRejections({ error: () => undefined });
      Promise.reject(new Error("stray"));
      setTimeout(() => process.exit(7), 50);`;
    expect(await exitOf(followed)).toBe(7);
    expect(await exitOf(followed.replace(/outliveStrayRejections\(\{.*/, ""))).toBe(1);
  });
});
