import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { SocketAddress } from "@tandem/runtime";
import { parseSocketAddress } from "@tandem/runtime";
import type { PeerAddressOf } from "@tandem/testkit";

const MAIN = new URL("../src/main.ts", import.meta.url).pathname;

/** A sip-edge in a process of its own. */
export class EdgeProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly lines: Record<string, unknown>[] = [];
  errors = "";
  readonly #ready: Promise<Record<string, unknown>>;

  constructor(environment: Record<string, string>) {
    this.child = spawn(process.execPath, ["--conditions=@tandem/source", MAIN], {
      env: { PATH: process.env["PATH"] ?? "", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.exited = once(this.child, "exit").then(([code]) => code as number | null);
    this.child.stderr?.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    this.#ready = promise;
    if (this.child.stdout === null) throw new Error("no output");
    createInterface(this.child.stdout).on("line", (line) => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      this.lines.push(entry);
      if (entry["msg"] === "ready") resolve(entry);
    });
  }

  /** Waits for the ready line. */
  async ready(): Promise<{ http: string; admin: SocketAddress; sip: PeerAddressOf }> {
    const entry = await Promise.race([this.#ready, this.exited.then((code) => Promise.reject(this.#died(code)))]);
    const listeners = entry["listeners"] as readonly { address: string }[];
    const sip = parseSocketAddress(listeners[0]?.address ?? "");
    const admin = parseSocketAddress(String(entry["admin"]));
    if (sip === undefined || admin === undefined) throw new Error("the ready line lacks an address");
    return { http: `http://${String(entry["http"])}`, admin, sip: { address: sip.host, port: sip.port } };
  }

  #died(code: number | null): Error {
    return new Error(`the edge ended with ${String(code)}: ${this.errors}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }
}

/** Environment of an edge of pool `east` with one UDP listener, all ports free. */
export const ENVIRONMENT: Record<string, string> = {
  TANDEM_NODE_ID: "e1",
  TANDEM_HTTP: "127.0.0.1:0",
  TANDEM_POOL: "east",
  TANDEM_LISTENERS: JSON.stringify([{ name: "outside", transport: "udp", address: "127.0.0.1", port: 0 }]),
  TANDEM_ADMIN: "127.0.0.1:0",
  TANDEM_SECRET: "shared",
};
