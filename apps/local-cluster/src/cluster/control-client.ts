import { err, ok, type Result } from "@tandem/domain";

/** What the control API answered instead of what was asked for; `issues` when it refused a document. */
interface ControlProblem {
  /** HTTP status; 0 when it could not be reached. */
  readonly status: number;
  readonly detail: string;
  readonly issues: readonly { readonly path: string; readonly problem: string; readonly fix: string }[];
}

/** The control API as the local cluster uses it. */
export interface ControlClient {
  /** Replaces the topology; the new version. `text` is YAML or JSON as `contentType` says. */
  publish(text: string, contentType: string): Promise<Result<number, ControlProblem>>;
  /** Any JSON resource below /v1. */
  read(path: string): Promise<Result<unknown, ControlProblem>>;
}

const LIMIT_MS = 10_000;

interface Call {
  readonly method: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @param address `host:port` of the control API. */
export function connectControl(address: string, key: string): ControlClient {
  const call = async (path: string, init: Call): Promise<Result<unknown, ControlProblem>> => {
    const headers = { ...init.headers, "x-api-key": key };
    try {
      const url = `http://${address}${path}`;
      const response = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(LIMIT_MS) });
      const body: unknown = await response.json();
      return response.ok ? ok(body) : err(readProblem(response.status, body));
    } catch (error) {
      return err({ status: 0, detail: error instanceof Error ? error.message : String(error), issues: [] });
    }
  };
  return {
    async publish(text, contentType) {
      const done = await call("/v1/topology", { method: "PUT", body: text, headers: { "content-type": contentType } });
      return done.ok ? ok((done.value as { readonly version: number }).version) : done;
    },
    read: (path) => call(`/v1${path}`, { method: "GET" }),
  };
}

function readProblem(status: number, body: unknown): ControlProblem {
  const { detail, issues } = (body ?? {}) as Partial<ControlProblem>;
  return { status, detail: detail ?? `status ${status}`, issues: issues ?? [] };
}
