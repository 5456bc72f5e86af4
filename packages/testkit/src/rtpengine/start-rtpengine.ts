import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../ports/free-port.ts";

/** An rtpengine process on loopback, in user space, with nothing of the machine's own configuration. */
export interface RtpengineFixture extends AsyncDisposable {
  /** Its ng control port, `host:port`. */
  readonly control: string;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
}

const START_LIMIT_MS = 30_000;
const ASK_AGAIN_MS = 50;
const MEDIA_PORTS = 400;

/** Why there is none on this machine; null when there is. */
export function whyNoRtpengine(): string | null {
  return spawnSync("rtpengine", ["--version"]).error === undefined ? null : "rtpengine is not installed";
}

/** Starts rtpengine of the PATH; resolves once it answers. */
export async function startRtpengine(): Promise<RtpengineFixture> {
  const control = `127.0.0.1:${await freePort()}`;
  const directory = await mkdtemp(join(tmpdir(), "tandem-rtpengine-"));
  const ports = await mediaPorts();
  const args = [
    "--config-file=none",
    "--foreground",
    "--log-stderr",
    "--log-level=4",
    "--table=-1",
    "--interface=127.0.0.1",
    `--listen-ng=${control}`,
    `--port-min=${ports.first}`,
    `--port-max=${ports.last}`,
    `--pidfile=${join(directory, "pid")}`,
  ];
  const child = spawn("rtpengine", args, { stdio: "ignore" });
  const killWithUs = (): void => void child.kill("SIGKILL");
  process.once("exit", killWithUs);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
    process.removeListener("exit", killWithUs);
    await rm(directory, { recursive: true, force: true });
  };
  const gone = exited.then(() => "gone" as const);
  if ((await Promise.race([gone, answering(control)])) === "up") return { control, kill, [Symbol.asyncDispose]: kill };
  await kill();
  throw new Error("rtpengine did not start");
}

/** Pings until it answers. */
async function answering(control: string): Promise<"up" | "silent"> {
  const socket = createSocket("udp4");
  const heard = new Promise<"up">((resolve) => void socket.once("message", () => resolve("up")));
  socket.on("error", () => undefined);
  const [host = "", port = ""] = control.split(":");
  const timer = setInterval(
    () => socket.send("1 d7:command4:pinge", Number(port), host, () => undefined),
    ASK_AGAIN_MS,
  );
  const late = new Promise<"silent">((resolve) => void setTimeout(() => resolve("silent"), START_LIMIT_MS).unref());
  const first = await Promise.race([heard, late]);
  clearInterval(timer);
  await new Promise<void>((resolve) => void socket.close(resolve));
  return first;
}

/** A range of its own for media; what somebody else has of it rtpengine leaves out. */
async function mediaPorts(): Promise<{ readonly first: number; readonly last: number }> {
  const first = await freePort();
  return { first: first + (first % 2), last: first + MEDIA_PORTS };
}
