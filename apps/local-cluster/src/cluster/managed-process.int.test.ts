import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ManagedProcess, type ProcessEvents } from "./managed-process.ts";
import type { ProcessPlan } from "./process-plan.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-managed-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An application of one file, as the plan names it. */
function application(source: string): ProcessPlan {
  mkdirSync(join(folder, "apps", "sip-edge", "src"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "apps", "sip-edge", "src", "main.ts"), source);
  return {
    name: "edge-east-1",
    role: "edge",
    pool: "east",
    app: "sip-edge",
    environment: { TANDEM_HTTP: "127.0.0.1:0" },
  };
}

function managed(plan: ProcessPlan) {
  const events = {
    onCrash: vi.fn<ProcessEvents["onCrash"]>(),
    onRestarted: vi.fn<ProcessEvents["onRestarted"]>(),
    onWarning: vi.fn<ProcessEvents["onWarning"]>(),
  };
  const logFile = join(folder, "process.log");
  return { events, logFile, process: new ManagedProcess(plan, { projectFolder: folder, logFile, events }) };
}

const READY = `console.log(JSON.stringify({ level: 30, msg: "ready", http: process.env.TANDEM_HTTP.replace(":0", ":4711") }));`;
const STAY = `setInterval(() => undefined, 1000);`;

describe("ManagedProcess", () => {
  it("is started once it says ready, with the addresses it bound, and drained by SIGTERM", async () => {
    const source = `process.on("SIGTERM", () => { console.log("drained"); process.exit(0); }); ${READY} ${STAY}`;
    const { process: child, logFile, events } = managed(application(source));
    expect(await child.start()).toMatchObject({ ok: true, value: { http: "127.0.0.1:4711" } });
    await child.stop("SIGTERM", 5_000);
    expect(child.pid).toBeNull();
    expect(readFileSync(logFile, "utf8")).toMatch(/"ready".*\ndrained\n$/);
    expect(events.onCrash).not.toHaveBeenCalled();
  });

  it("that does not drain in time is killed", async () => {
    const { process: child } = managed(application(`process.on("SIGTERM", () => undefined); ${READY} ${STAY}`));
    await child.start();
    await child.stop("SIGTERM", 100);
    expect(child.pid).toBeNull();
  });

  it("that crashes is started again on the addresses it had", async () => {
    const { process: child, events } = managed(application(`${READY} ${STAY}`));
    await child.start();
    process.kill(child.pid ?? 0, "SIGKILL");
    await vi.waitFor(() => expect(events.onRestarted).toHaveBeenCalledWith("edge-east-1"), { timeout: 60_000 });
    expect(events.onCrash).toHaveBeenCalledWith("edge-east-1", "SIGKILL", 250);
    expect(child.ready?.http).toBe("127.0.0.1:4711");
    expect(child.plan.environment["TANDEM_HTTP"]).toBe("127.0.0.1:4711");
    await child.stop("SIGTERM", 5_000);
  });

  it("that ends before it is ready is a failure with its exit code and last words", async () => {
    const { process: child, events } = managed(application(`console.error("no such pool"); process.exit(78);`));
    expect(await child.start()).toEqual({ ok: false, error: { exitCode: 78, lastWords: "no such pool" } });
    expect(events.onCrash).not.toHaveBeenCalled();
    await child.stop("SIGTERM", 100);
  });

  it("tells warnings and worse as they are logged, nothing milder", async () => {
    const log = (level: number) => `console.log(JSON.stringify({ level: ${level}, msg: "level ${level}" }));`;
    const { process: child, events } = managed(application(`${log(30)} ${log(40)} ${READY} ${STAY}`));
    await child.start();
    expect(events.onWarning.mock.calls).toEqual([["edge-east-1", { level: 40, msg: "level 40" }]]);
    await child.stop("SIGTERM", 5_000);
  });
});
