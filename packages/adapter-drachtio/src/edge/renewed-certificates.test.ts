import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ListenerTls } from "@tandem/sip-endpoint";
import { generate } from "selfsigned";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toEndpointListener } from "./endpoint-listener.ts";
import { RenewedCertificates } from "./renewed-certificates.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-tls-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function certificate(days: number) {
  const notAfterDate = new Date(Date.now() + days * 86_400_000);
  const made = await generate([{ name: "commonName", value: "sip.example" }], {
    keyType: "ec",
    algorithm: "sha256",
    notAfterDate,
  });
  return { certificate: made.cert, key: made.private };
}

function put({ certificate: cert, key }: { certificate: string; key: string }): void {
  writeFileSync(join(folder, "tls.crt"), cert);
  writeFileSync(join(folder, "tls.key"), key);
}

async function world(days = 10) {
  const first = await certificate(days);
  put(first);
  const configured = {
    name: "secure",
    transport: "tls" as const,
    address: "127.0.0.1",
    port: 5061,
    tls: { certificateFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key"), mutual: false },
  };
  const replaced: ListenerTls[] = [];
  const said: string[] = [];
  const state = { unusable: false };
  const endpoint = {
    replaceTls: (_listener: string, tls: ListenerTls) => {
      if (state.unusable) throw new Error("key values mismatch");
      replaced.push(tls);
      return true;
    },
  };
  const say = (level: string) => (_fields: object, message: string) => void said.push(`${level} ${message}`);
  const renewed = new RenewedCertificates([configured], [await toEndpointListener(configured)], {
    endpoint,
    log: { info: say("info"), warn: say("warn") } as never,
  });
  return { first, renewed, replaced, said, state };
}

const DAY_MS = 86_400_000;
const LOOK_MS = 30_000;

describe("certificates of an edge", () => {
  it("that did not change are left alone", async () => {
    const { renewed, replaced, said } = await world();
    await renewed.look();
    expect(replaced).toEqual([]);
    expect(said).toEqual([]);
  });

  it("that were renewed are in force from the next look on, once, and their end is told", async () => {
    const { renewed, replaced, said } = await world(10);
    const second = await certificate(90);
    put(second);
    await renewed.look();
    await renewed.look();
    expect(replaced).toHaveLength(1);
    expect(replaced[0]).toMatchObject(second);
    expect(renewed.ends["secure"]! - Date.now()).toBeGreaterThan(80 * DAY_MS);
    expect(said).toEqual(["info certificate renewed"]);
  });

  it("that cannot be used stay out, are complained about once, and go in when they can", async () => {
    const { renewed, replaced, said, state } = await world(10);
    put(await certificate(90));
    state.unusable = true;
    await renewed.look();
    await renewed.look();
    expect(replaced).toEqual([]);
    expect(renewed.ends["secure"]! - Date.now()).toBeLessThan(11 * DAY_MS);
    state.unusable = false;
    await renewed.look();
    expect(replaced).toHaveLength(1);
    expect(said).toEqual(["warn renewed certificate cannot be used, the one before stays", "info certificate renewed"]);
  });

  it("whose files are gone for a moment stay", async () => {
    const { renewed, replaced, said } = await world();
    rmSync(join(folder, "tls.key"));
    await renewed.look();
    expect(replaced).toEqual([]);
    expect(said).toEqual(["warn renewed certificate cannot be used, the one before stays"]);
  });

  it("are not looked at any more after the end, also when it comes while they are looked at", async () => {
    const { renewed } = await world();
    let looked: () => void = () => undefined;
    const look = vi.spyOn(renewed, "look").mockImplementation(() => new Promise((resolve) => (looked = resolve)));
    vi.useFakeTimers();
    try {
      const end = renewed.start();
      await vi.advanceTimersByTimeAsync(LOOK_MS);
      end();
      looked();
      await vi.advanceTimersByTimeAsync(3 * LOOK_MS);
      expect(look).toHaveBeenCalledTimes(1);
    } finally {
      vi.useRealTimers();
    }
  });
});
