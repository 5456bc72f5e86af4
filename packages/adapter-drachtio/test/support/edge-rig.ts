import type { TlsOptions } from "node:tls";
import type { SocketAddress } from "@tandem/runtime";
import {
  createDrachtioServer,
  DEFAULT_EDGE_SETTINGS,
  type DrachtioServer,
  type EdgeSettings,
} from "../../src/server/index.ts";
import { FakeEndpoint } from "./fake-endpoint.ts";

/** A protocol server on a fake endpoint, with a clock whose timers are real and whose hands the test may move. */
export interface EdgeRig {
  readonly server: DrachtioServer;
  readonly endpoint: FakeEndpoint;
  readonly address: SocketAddress;
  /** What happened to sessions, in order. */
  readonly changes: string[];
  /** Moves the clock; the next sweep sees it. */
  readonly advance: (ms: number) => void;
  /** Waits until it has so many workers: one came, or it knows that one went. */
  readonly hasApplications: (count: number) => Promise<true>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

type RigSettings = Partial<Omit<EdgeSettings, "session">> & {
  readonly session?: Partial<EdgeSettings["session"]>;
};

export interface RigOptions {
  readonly settings?: RigSettings;
  readonly edge?: string;
  readonly pool?: string;
  readonly tls?: TlsOptions;
  /** What stands in the Via of its requests. Default 192.0.2.1. */
  readonly advertised?: string;
}

export async function startEdge(options: RigOptions = {}): Promise<EdgeRig> {
  let offsetMs = 0;
  const changes: string[] = [];
  const { session, ...settings } = options.settings ?? {};
  const server = createDrachtioServer({
    edge: options.edge ?? "e1",
    pool: options.pool ?? "east",
    secret: "s3cret",
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    settings: { sweepMs: 10, parkMs: 0, ...settings, session: { ...DEFAULT_EDGE_SETTINGS.session, ...session } },
    clock: {
      now: () => Date.now() + offsetMs,
      after: (delayMs, fire) => {
        const timer = setTimeout(fire, delayMs);
        return () => clearTimeout(timer);
      },
    },
    onSession: ({ change }) => changes.push(change),
  });
  const endpoint = new FakeEndpoint(server.events, options.advertised);
  const address = await server.serve(endpoint, { host: "127.0.0.1", port: 0 });
  return {
    server,
    endpoint,
    address,
    changes,
    advance: (ms) => {
      offsetMs += ms;
    },
    hasApplications: (count) => endpoint.until(() => (server.stats().applications === count ? true : undefined)),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
