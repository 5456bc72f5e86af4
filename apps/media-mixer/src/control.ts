import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { SocketAddress } from "@tandem/runtime";
import { z } from "zod";
import { MOST_VOICES, type MediaMixer } from "./media-mixer.ts";

const format = z.enum(["PCMU", "PCMA", "telephone-event", "CN"]);
const formats = z
  .record(z.string().regex(/^\d{1,3}$/), format)
  .transform((written) => new Map(Object.entries(written).map(([type, name]) => [Number(type), name])));
const address = z.strictObject({ address: z.union([z.ipv4(), z.ipv6()]), port: z.int().min(1).max(65_535) });
const named = { "call-id": z.string().min(1).max(256) };
const voiceName = z.string().min(1).max(64);

const command = z.discriminatedUnion("command", [
  z.strictObject({ command: z.literal("ping") }),
  z.strictObject({ command: z.literal("open"), ...named, voices: z.array(voiceName).min(1).max(MOST_VOICES) }),
  z.strictObject({
    command: z.literal("connect"),
    ...named,
    voices: z.record(voiceName, z.strictObject({ to: address, from: address, hears: formats, says: formats })),
  }),
  z.strictObject({ command: z.literal("query"), ...named }),
  z.strictObject({ command: z.literal("delete"), ...named }),
]);

const UNKNOWN = { result: "error", "error-reason": "unknown call-id" };

/** The answer to one command. Every command may come twice. */
export async function answerCommand(mixer: MediaMixer, written: unknown): Promise<object> {
  const read = command.safeParse(written);
  if (!read.success) return { result: "error", "error-reason": "unknown command" };
  const asked = read.data;
  switch (asked.command) {
    case "ping":
      return { result: "pong" };
    case "open": {
      const ports = await mixer.open(asked["call-id"], asked.voices);
      return ports === null
        ? { result: "error", "error-reason": "no room" }
        : { result: "ok", voices: Object.fromEntries(ports) };
    }
    case "connect":
      return mixer.connect(asked["call-id"], new Map(Object.entries(asked.voices))) ? { result: "ok" } : UNKNOWN;
    case "query": {
      const heard = mixer.heard(asked["call-id"]);
      return heard === null ? UNKNOWN : { result: "ok", heard };
    }
    case "delete":
      mixer.release(asked["call-id"]);
      return { result: "ok" };
  }
}

/** The control port: as rtpengine's ng protocol has it, one datagram `<cookie> <JSON>` each way. */
export function openControl(mixer: MediaMixer, { host, port }: SocketAddress): Promise<Socket> {
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  socket.on("message", (datagram, from) => {
    const text = datagram.toString("utf8");
    const space = text.indexOf(" ");
    if (space <= 0) return;
    void answerCommand(mixer, jsonIn(text.slice(space + 1))).then((answer) =>
      socket.send(`${text.slice(0, space)} ${JSON.stringify(answer)}`, from.port, from.address, () => undefined),
    );
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, host, () => {
      socket.removeAllListeners("error");
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
