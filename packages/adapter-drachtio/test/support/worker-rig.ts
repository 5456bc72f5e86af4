import type { OutgoingRequest } from "@tandem/call-control";
import type { SocketAddress } from "@tandem/runtime";
import { buildRequest, type HeaderLine } from "@tandem/sip";
import {
  createDrachtioSipPort,
  type DrachtioSipPort,
  type DrachtioSipPortOptions,
  type EdgeState,
} from "../../src/client/index.ts";
import { RecordingApp } from "./recording-app.ts";

export interface WorkerRig {
  readonly port: DrachtioSipPort;
  readonly app: RecordingApp;
  /** Waits until the edges' states satisfy the test. */
  readonly until: (look: (edges: readonly EdgeState[]) => boolean, patienceMs?: number) => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** A worker's port connected to the given edges of pool `east`, without waiting for the connections. */
export async function startWorker(
  edges: () => readonly SocketAddress[],
  options: Partial<DrachtioSipPortOptions> = {},
): Promise<WorkerRig> {
  const app = new RecordingApp();
  const waiting = new Set<() => void>();
  const port = createDrachtioSipPort({
    pools: ["east"],
    pool: "east",
    secret: "s3cret",
    edges: async () => edges(),
    app,
    refreshMs: 20,
    retry: { firstMs: 10, maxMs: 50 },
    onEdgeChange: () => {
      for (const wake of waiting) wake();
    },
    ...options,
  });
  await port.start();
  return {
    port,
    app,
    until: async (look, patienceMs = 15_000) => {
      const deadline = Date.now() + patienceMs;
      while (!look(port.edges())) {
        if (Date.now() > deadline) throw new Error(`edges: ${JSON.stringify(port.edges())}`);
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            clearTimeout(timer);
            waiting.delete(wake);
            resolve();
          };
          const timer = setTimeout(wake, 20);
          waiting.add(wake);
        });
      }
    },
    [Symbol.asyncDispose]: () => port.close(),
  };
}

export const isUp = (edges: readonly EdgeState[]): boolean =>
  edges.length > 0 && edges.every((edge) => edge.state === "up");

/** A request of the worker. */
export function outgoing(
  method: string,
  options: { callId?: string; headers?: readonly HeaderLine[]; body?: string } & Partial<OutgoingRequest> = {},
): OutgoingRequest {
  const { callId = "k1", headers = [], body = "", ...rest } = options;
  return {
    message: buildRequest({
      method,
      uri: "sip:b@198.51.100.9",
      headers: [
        ["Max-Forwards", "70"],
        ["From", "<sip:a@x>;tag=1"],
        ["To", "<sip:b@y>"],
        ["Call-ID", callId],
        ["CSeq", `1 ${method}`],
        ...headers,
      ],
      body,
    }),
    pool: "east",
    listener: "outside",
    nextHop: null,
    preferredEdge: null,
    ...rest,
  };
}
