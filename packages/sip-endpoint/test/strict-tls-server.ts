import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ListenerTls } from "../src/config.ts";
import { waitUntil } from "./wait-until.ts";

/**
 * OpenSSL's own server: in TLS 1.3 it judges the client's certificate when the client takes the handshake for done, and refuses it by an alert
 * (RFC 8446 §4.4.2.4). Node's server closes the connection without one.
 */
export class StrictTlsServer {
  readonly port: number;
  private readonly process: ChildProcess;
  private readonly directory: string;

  private constructor(port: number, process: ChildProcess, directory: string) {
    this.port = port;
    this.process = process;
    this.directory = directory;
  }

  /** Shows its certificate, and takes clients of one authority only. */
  static async listen(own: ListenerTls, clientAuthority: string): Promise<StrictTlsServer> {
    const directory = mkdtempSync(join(tmpdir(), "strict-tls-"));
    const file = (name: string, text: string): string => {
      writeFileSync(join(directory, name), text, { mode: 0o600 });
      return join(directory, name);
    };
    const shown = ["-cert", file("own.pem", own.certificate), "-key", file("key.pem", own.key)];
    const asked = ["-Verify", "1", "-verify_return_error", "-CAfile", file("ca.pem", clientAuthority)];
    const child = spawn("openssl", ["s_server", "-accept", "127.0.0.1:0", "-tls1_3", ...shown, ...asked]);
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await waitUntil("openssl listens", () => /ACCEPT .*:\d+\s/.test(said));
    return new StrictTlsServer(Number(/ACCEPT .*:(\d+)\s/.exec(said)?.[1]), child, directory);
  }

  close(): void {
    this.process.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}
