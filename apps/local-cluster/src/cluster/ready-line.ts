/** Addresses a process said it had bound when it became ready. */
export interface ReadyLine {
  readonly http: string | null;
  readonly admin: string | null;
  readonly api: string | null;
  readonly listeners: readonly BoundListener[];
}

/** One listener of an edge with the port it really has. */
export interface BoundListener {
  readonly name: string;
  readonly transport: string;
  /** `host:port` */
  readonly address: string;
}

/** Reads a child's log line; null when it is not the ready line. */
export function readReadyLine(entry: Readonly<Record<string, unknown>>): ReadyLine | null {
  if (entry["msg"] !== "ready") return null;
  const listeners = entry["listeners"];
  return {
    http: text(entry["http"]),
    admin: text(entry["admin"]),
    api: text(entry["api"]),
    listeners: Array.isArray(listeners) ? listeners.flatMap(readListener) : [],
  };
}

function readListener(value: unknown): readonly BoundListener[] {
  if (typeof value !== "object" || value === null) return [];
  const { name, transport, address } = value as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || typeof transport !== "string" || typeof address !== "string") return [];
  return [{ name, transport, address }];
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
