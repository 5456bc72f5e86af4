import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { FakeClock } from "@tandem/call-control/testing";
import { until } from "@tandem/testkit";
import { generate } from "selfsigned";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HeldCertificate, type CertificateAndKey } from "./held-certificate.ts";

const LOOK_MS = 30_000;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-held-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function made(name: string): Promise<CertificateAndKey> {
  const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    algorithm: "sha256",
  });
  return { cert, key };
}

function put({ cert, key }: CertificateAndKey): void {
  writeFileSync(join(folder, "tls.crt"), cert);
  writeFileSync(join(folder, "tls.key"), key);
}

function filesIn(path: string): { readonly certificate: string; readonly key: string } {
  return { certificate: join(path, "tls.crt"), key: join(path, "tls.key") };
}

async function world() {
  const first = await made("first");
  put(first);
  const clock = new FakeClock();
  const said: string[] = [];
  const say = (level: string) => (_fields: object, message: string) => void said.push(`${level} ${message}`);
  const log = { info: say("info"), warn: say("warn") } as never;
  const read = await HeldCertificate.read({ files: filesIn(folder), clock, log });
  if (!read.ok) throw new Error(read.error.detail);
  return { certificate: read.value, clock, said, first };
}

/** The name in the certificate that a new connection is shown. */
function nameShown(server: Server): Promise<string> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

describe("the certificate of the HELD listener", () => {
  test("is shown to new connections within half a minute of its renewal, without a restart", async () => {
    const { certificate, clock, said } = await world();
    const server = createServer(certificate.inForce);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const stop = certificate.follow((renewed) => server.setSecureContext(renewed));
    expect(await nameShown(server)).toBe("first");
    put(await made("second"));
    await clock.advance(LOOK_MS);
    await until(() => said.length > 0, { what: "the renewal" });
    expect(await nameShown(server)).toBe("second");
    expect(said).toEqual(["info certificate renewed"]);
    stop();
    server.close();
  });

  test("stays while the new files do not belong together; complained about once", async () => {
    const { certificate, clock, said, first } = await world();
    const renewals: CertificateAndKey[] = [];
    const stop = certificate.follow((renewed) => renewals.push(renewed));
    const second = await made("second");
    put({ cert: second.cert, key: first.key });
    await clock.advance(LOOK_MS);
    await until(() => said.length > 0, { what: "the complaint" });
    expect(certificate.inForce).toEqual(first);
    put(second);
    await until(
      async () => {
        await clock.advance(LOOK_MS);
        return renewals.length > 0;
      },
      { what: "the renewal" },
    );
    expect(renewals).toEqual([second]);
    expect(said).toEqual(["warn renewed certificate cannot be used, the one before stays", "info certificate renewed"]);
    stop();
  });

  test("is not looked at any more after the end, nor is what a look under way at the end finds used", async () => {
    const { certificate, clock, said, first } = await world();
    const stop = certificate.follow(() => said.push("renewed"));
    put(await made("second"));
    await clock.advance(LOOK_MS);
    stop();
    // The look reads files; a later read of the same ones is over after it.
    await HeldCertificate.read({ files: filesIn(folder), clock, log: {} as never });
    await clock.advance(LOOK_MS);
    expect(clock.pending()).toBe(0);
    expect(said).toEqual([]);
    expect(certificate.inForce).toEqual(first);
  });

  test("that cannot be used at the start is a wrong configuration, told without its path", async () => {
    const { clock } = await world();
    const files = { certificate: join(folder, "none.crt"), key: join(folder, "tls.key") };
    const read = await HeldCertificate.read({ files, clock, log: {} as never });
    expect(read).toMatchObject({ ok: false, error: { code: "configuration-invalid" } });
    expect(JSON.stringify(read)).not.toContain(folder);
  });
});
