import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { inClusterAccess, type KubernetesAccess } from "../src/index.ts";

/** One Deployment or DaemonSet. */
interface Stored {
  replicas: number;
  generation: number;
  /** Pods that are ready; default: all. */
  ready?: number;
}

/** An answer instead of the usual one. */
export interface Fault {
  readonly status: number;
  readonly body: unknown;
}

const TOKEN = "a-service-account-token";
const NAMESPACE = "voice";

/**
 * An API server as far as a scaler sees one, over TLS with an authority of its own. Shapes are those of Kubernetes 1.35: what it answers to
 * `kubectl scale` and `kubectl get --subresource`, fields nobody reads included.
 */
export class ApiServer implements AsyncDisposable {
  readonly deployments = new Map<string, Stored>();
  readonly daemonSets = new Map<string, Stored>();
  /** What was asked, one line each. */
  readonly asked: string[] = [];
  /** Answers to give before all others, one request each. */
  readonly faults: Fault[] = [];
  token = TOKEN;
  readonly access: KubernetesAccess;
  readonly folder: string;
  readonly close: () => Promise<void>;

  private constructor(access: KubernetesAccess, folder: string, close: () => Promise<void>) {
    this.access = access;
    this.folder = folder;
    this.close = close;
  }

  static async start(): Promise<ApiServer> {
    const made = await generate([{ name: "commonName", value: "kubernetes" }], {
      keyType: "ec",
      algorithm: "sha256",
      extensions: [
        { name: "basicConstraints", cA: true },
        { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
      ],
    });
    const folder = mkdtempSync(join(tmpdir(), "tandem-account-"));
    for (const [name, text] of Object.entries({ "ca.crt": made.cert, token: `${TOKEN}\n`, namespace: NAMESPACE }))
      writeFileSync(join(folder, name), text);
    const late: { server: ApiServer | null } = { server: null };
    const listening = createServer(
      { key: made.private, cert: made.cert },
      (request, response) => void late.server?.answer(request, response),
    );
    await new Promise<void>((resolve) => void listening.listen(0, "127.0.0.1", resolve));
    const close = (): Promise<void> => {
      rmSync(folder, { recursive: true, force: true });
      listening.closeAllConnections();
      return new Promise((resolve) => void listening.close(() => resolve()));
    };
    const { port } = listening.address() as AddressInfo;
    late.server = new ApiServer(inClusterAccess("127.0.0.1", port, folder), folder, close);
    return late.server;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const part of request.setEncoding("utf8")) text += part as string;
    this.asked.push(`${request.method} ${request.url}${text === "" ? "" : ` ${text}`}`);
    const { status, body } = this.faults.shift() ?? this.usual(request, text);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }

  private usual(request: IncomingMessage, text: string): Fault {
    if (request.headers.authorization !== `Bearer ${this.token}`) return refused(401, "Unauthorized", "Unauthorized");
    const [, resource, name = "", part] =
      /^\/apis\/apps\/v1\/namespaces\/voice\/(deployments|daemonsets)\/([^/]+)\/(scale|status)$/.exec(
        request.url ?? "",
      ) ?? [];
    const stored = (resource === "daemonsets" ? this.daemonSets : this.deployments).get(name);
    if (stored === undefined) return refused(404, "NotFound", `${resource}.apps "${name}" not found`);
    if (part === "status" && request.method === "GET") {
      return { status: 200, body: resource === "daemonsets" ? daemonSet(name, stored) : deployment(name, stored) };
    }
    if (part === "scale" && request.method === "PATCH" && resource === "deployments")
      return patched(name, stored, request, text);
    return refused(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
  }
}

function patched(name: string, stored: Stored, request: IncomingMessage, text: string): Fault {
  if (request.headers["content-type"] !== "application/merge-patch+json")
    return refused(415, "UnsupportedMediaType", "the body of the request was in an unknown format");
  const { spec } = JSON.parse(text) as { spec: { replicas: number } };
  if (spec.replicas !== stored.replicas) stored.generation += 1;
  stored.replicas = spec.replicas;
  return { status: 200, body: scale(name, stored) };
}

/** The `Status` of a refusal. */
export function refused(code: number, reason: string, message: string): Fault {
  return {
    status: code,
    body: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      details: { group: "apps" },
      code,
    },
  };
}

const metadata = (name: string, { generation }: Stored) => ({
  name,
  namespace: NAMESPACE,
  uid: "6d4f2f0c-55a2-4c55-9f33-7a5f6b4f1f2e",
  resourceVersion: String(480_000 + generation),
  creationTimestamp: "2026-11-02T08:14:07Z",
});

const selector = (name: string) => ({ matchLabels: { "app.kubernetes.io/instance": name } });

const scale = (name: string, stored: Stored) => ({
  kind: "Scale",
  apiVersion: "autoscaling/v1",
  metadata: metadata(name, stored),
  spec: { replicas: stored.replicas },
  status: { replicas: stored.replicas, selector: `app.kubernetes.io/instance=${name}` },
});

const deployment = (name: string, stored: Stored) => ({
  kind: "Deployment",
  apiVersion: "apps/v1",
  metadata: {
    ...metadata(name, stored),
    generation: stored.generation,
    annotations: { "deployment.kubernetes.io/revision": "4" },
  },
  spec: {
    replicas: stored.replicas,
    selector: selector(name),
    template: { spec: { containers: [{ name: "worker" }] } },
  },
  status: {
    observedGeneration: stored.generation,
    replicas: stored.replicas,
    updatedReplicas: stored.replicas,
    // The server leaves out what is 0.
    ...(stored.ready === 0 ? {} : { readyReplicas: stored.ready ?? stored.replicas }),
    availableReplicas: stored.replicas,
    conditions: [{ type: "Available", status: "True", reason: "MinimumReplicasAvailable" }],
  },
});

const daemonSet = (name: string, stored: Stored) => ({
  kind: "DaemonSet",
  apiVersion: "apps/v1",
  metadata: metadata(name, stored),
  spec: { selector: selector(name) },
  status: {
    currentNumberScheduled: stored.replicas,
    numberMisscheduled: 0,
    desiredNumberScheduled: stored.replicas,
    numberReady: stored.replicas,
    observedGeneration: stored.generation,
  },
});
