import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@tandem/testkit";
import { sipPort } from "./ports.ts";

/** A certificate authority and one certificate of it for 127.0.0.1 and `localhost`, as files. */
export interface Certificates {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Removes the files. */
  remove(): void;
}

/** Makes them with the system's openssl. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "tandem-tls-"));
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void =>
    void execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Tandem test CA");
  openssl("req", ...key, "-keyout", "peer.key", "-out", "peer.csr", "-subj", "/CN=localhost");
  writeFileSync(file("san.cnf"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  const sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san.cnf"];
  openssl("x509", "-req", "-in", "peer.csr", ...sign, "-out", "peer.pem");
  return {
    caFile: file("ca.pem"),
    certificateFile: file("peer.pem"),
    keyFile: file("peer.key"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A relay between TCP and TLS, because SIPp as packaged has no TLS. */
export interface TlsRelay {
  readonly port: number;
  stop(): Promise<void>;
}

/** Listens for TCP and goes on to a TLS port without a certificate of its own: in front of a SIPp caller that only TLS hides. */
export function relayToTlsAnonymously(target: number, address = "127.0.0.1"): Promise<TlsRelay> {
  return startRelay((port) => [
    `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork`,
    `OPENSSL:${address}:${target},verify=0`,
  ]);
}

/** Listens for TCP and goes on to a TLS port with mutual verification: in front of a SIPp caller. */
export function relayToTls(target: number, { certificateFile, keyFile, caFile }: Certificates): Promise<TlsRelay> {
  return startRelay((port) => [
    `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork`,
    `OPENSSL:127.0.0.1:${target},cert=${certificateFile},key=${keyFile},cafile=${caFile},verify=1,commonname=localhost`,
  ]);
}

/** Listens for TLS and goes on to a TCP port: in front of a SIPp callee. */
export function relayFromTls(target: number, given: Certificates, listenPort?: number): Promise<TlsRelay> {
  const { certificateFile, keyFile, caFile } = given;
  return startRelay(
    (port) => [
      `OPENSSL-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork,cert=${certificateFile},key=${keyFile},cafile=${caFile},verify=0`,
      `TCP:127.0.0.1:${target}`,
    ],
    listenPort,
  );
}

async function startRelay(addresses: (port: number) => readonly string[], wanted?: number): Promise<TlsRelay> {
  const port = wanted ?? (await sipPort());
  const child: ChildProcess = spawn("socat", addresses(port), { stdio: "ignore", detached: true });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const entry = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
  await until(async () => (await readFile("/proc/net/tcp", "latin1")).includes(entry), { what: "socat listening" });
  return {
    port,
    async stop() {
      // The group: socat forks one process per connection.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      await exited;
    },
  };
}
