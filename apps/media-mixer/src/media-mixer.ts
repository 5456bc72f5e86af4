import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { Conference } from "./conference.ts";
import { FramePacer } from "./frame-pacer.ts";
import { readRtp, writeRtp } from "./rtp-packet.ts";
import type { StreamStart, VoiceFormats } from "./voice.ts";

export interface MediaAddress {
  readonly address: string;
  readonly port: number;
}

/** How to talk with a participant: where it gets its audio, where its own comes from, and in what formats. */
export interface Connection extends VoiceFormats {
  readonly to: MediaAddress;
  readonly from: MediaAddress;
}

export interface MixerOptions {
  /** Address the sockets are bound to. */
  readonly host: string;
  /** Address others are told; as `host` where that is the same. */
  readonly advertised: string;
  readonly portMin: number;
  readonly portMax: number;
  readonly maxConferences: number;
}

/** Figures since the start. */
export interface MixerCounts {
  conferences: number;
  received: number;
  sent: number;
  discarded: number;
  lateFrames: number;
}

/** A conference whose participants say nothing, and of which nobody speaks, ends by itself. */
const FORGOTTEN_MS = 300_000;
/** A participant of whom nothing came for so long is not heard. */
const SILENT_MS = 1_000;

/** More participants than any call has, those included who took part before a transfer. */
export const MOST_VOICES = 8;

interface Participant {
  readonly socket: Socket;
  connection: Connection | null;
  heardAtMs: number;
}

interface Room {
  readonly conference: Conference;
  readonly participants: Map<string, Participant>;
  usedAtMs: number;
}

/** Conferences over RTP: a socket for each participant, one clock for all. */
export class MediaMixer {
  readonly counts: MixerCounts = { conferences: 0, received: 0, sent: 0, discarded: 0, lateFrames: 0 };
  readonly #options: MixerOptions;
  readonly #rooms = new Map<string, Room>();
  readonly #pacer: FramePacer;
  #port: number;

  constructor(options: MixerOptions) {
    this.#options = options;
    this.#port = firstPort(options);
    this.#pacer = new FramePacer(
      () => this.#tick(),
      (frames) => void (this.counts.lateFrames += frames),
    );
  }

  /** Ports for these participants; those that it has already it keeps. Null: no more conferences, no ports, or more participants than a call has. */
  async open(callId: string, names: readonly string[]): Promise<ReadonlyMap<string, MediaAddress> | null> {
    const room = this.#rooms.get(callId) ?? this.#newRoom(callId);
    if (room === null) return null;
    room.usedAtMs = now();
    const ports = new Map<string, MediaAddress>();
    for (const name of names) {
      const participant = room.participants.get(name) ?? (await this.#newParticipant(callId, room, name));
      if (participant === null) {
        if (room.participants.size === 0) this.release(callId);
        return null;
      }
      ports.set(name, { address: this.#options.advertised, port: participant.socket.address().port });
    }
    return ports;
  }

  /** False: there is no such conference, or not with these participants. */
  connect(callId: string, connections: ReadonlyMap<string, Connection>): boolean {
    const room = this.#rooms.get(callId);
    if (room === undefined || [...connections.keys()].some((name) => !room.participants.has(name))) return false;
    room.usedAtMs = now();
    for (const [name, connection] of connections) {
      room.conference.use(name, connection);
      const participant = room.participants.get(name);
      if (participant !== undefined) participant.connection = connection;
    }
    return true;
  }

  /** Participants of whom something came within the last second; null: there is no such conference. */
  heard(callId: string): readonly string[] | null {
    const room = this.#rooms.get(callId);
    if (room === undefined) return null;
    room.usedAtMs = now();
    return [...room.participants].filter(([, { heardAtMs }]) => now() - heardAtMs < SILENT_MS).map(([name]) => name);
  }

  release(callId: string): void {
    for (const { socket } of this.#rooms.get(callId)?.participants.values() ?? []) socket.close();
    this.#rooms.delete(callId);
    this.counts.conferences = this.#rooms.size;
    if (this.#rooms.size === 0) this.#pacer.stop();
  }

  close(): void {
    for (const callId of this.#rooms.keys()) this.release(callId);
  }

  #newRoom(callId: string): Room | null {
    if (this.#rooms.size >= this.#options.maxConferences) return null;
    const room = { conference: new Conference(), participants: new Map<string, Participant>(), usedAtMs: now() };
    this.#rooms.set(callId, room);
    this.counts.conferences = this.#rooms.size;
    this.#pacer.start();
    return room;
  }

  async #newParticipant(callId: string, room: Room, name: string): Promise<Participant | null> {
    const socket = await this.#bound();
    if (socket === null) return null;
    // Meanwhile the conference may be over or full, or the same was asked twice.
    const known = room.participants.get(name);
    if (this.#rooms.get(callId) !== room || known !== undefined || room.participants.size >= MOST_VOICES) {
      socket.close();
      return known ?? null;
    }
    const participant: Participant = { socket, connection: null, heardAtMs: -Infinity };
    room.conference.add(name, streamStart());
    room.participants.set(name, participant);
    socket.on("message", (datagram, from) => this.#onDatagram(room, name, { datagram, from }));
    return participant;
  }

  /** A socket on the next free even port of the range (RFC 3550 §11: the odd ones are for RTCP), which is walked once at most. */
  async #bound(): Promise<Socket | null> {
    const { host, portMax } = this.#options;
    const first = firstPort(this.#options);
    for (let at = first; at <= portMax; at += 2) {
      const port = this.#port;
      this.#port = port + 2 > portMax ? first : port + 2;
      const socket = await bind(host, port);
      if (socket !== null) return socket;
    }
    return null;
  }

  #onDatagram(
    room: Room,
    name: string,
    { datagram, from }: { readonly datagram: Buffer; readonly from: MediaAddress },
  ): void {
    const participant = room.participants.get(name);
    const expected = participant?.connection?.from;
    const packet = expected?.address === from.address && expected.port === from.port ? readRtp(datagram) : null;
    const passed = packet === null ? null : room.conference.hear(name, packet);
    if (participant === undefined || passed === null) {
      this.counts.discarded += 1;
      return;
    }
    this.counts.received += 1;
    participant.heardAtMs = now();
    room.usedAtMs = participant.heardAtMs;
    this.#send(room, passed);
  }

  #tick(): void {
    for (const [callId, room] of this.#rooms) {
      this.#send(room, room.conference.tick());
      if (now() - room.usedAtMs > FORGOTTEN_MS) this.release(callId);
    }
  }

  #send({ participants }: Room, packets: ReturnType<Conference["tick"]>): void {
    for (const { to, packet } of packets) {
      const participant = participants.get(to);
      if (participant?.connection == null) continue;
      const { address, port } = participant.connection.to;
      // What cannot be sent is a packet lost.
      participant.socket.send(writeRtp(packet), port, address, () => undefined);
      this.counts.sent += 1;
    }
  }
}

function firstPort({ portMin }: MixerOptions): number {
  return portMin + (portMin % 2);
}

function bind(host: string, port: number): Promise<Socket | null> {
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  return new Promise((resolve) => {
    socket.once("error", () => {
      socket.close();
      resolve(null);
    });
    socket.bind(port, host, () => {
      socket.removeAllListeners("error");
      // A host that refuses the port says so by ICMP.
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}

function streamStart(): StreamStart {
  const octets = randomBytes(10);
  return { ssrc: octets.readUInt32BE(0), sequence: octets.readUInt16BE(4), timestamp: octets.readUInt32BE(6) };
}

/** Milliseconds of a clock that never steps. */
function now(): number {
  return performance.now();
}
