import { request } from "node:https";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { KubernetesAccess } from "./cluster-access.ts";

/** One request of the API server. */
export interface KubernetesRequest {
  readonly method: "GET" | "PATCH";
  readonly path: string;
  /** A merge patch (RFC 7386). */
  readonly patch?: unknown;
}

/** What it answered: a status, and an object or a `Status`. */
export interface KubernetesAnswer {
  readonly status: number;
  readonly body: unknown;
}

const LIMIT_MS = 5_000;
/** Far above any one workload; an answer beyond it is not what was asked for. */
const LARGEST_ANSWER = 4 * 1024 * 1024;

/** Asks the API server. The failure (`scaler-unavailable`) says that there is no answer, never what the token is. */
export async function askKubernetes(
  access: KubernetesAccess,
  asked: KubernetesRequest,
): Promise<Result<KubernetesAnswer, Failure>> {
  try {
    const [authorities, token] = await Promise.all([access.authorities(), access.token()]);
    const { status, text } = await send(access.url, asked, { authorities, token });
    return ok({ status, body: JSON.parse(text) as unknown });
  } catch (error) {
    const detail = error instanceof SyntaxError ? "the answer is not JSON" : reasonOf(error);
    return err({ code: "scaler-unavailable", detail: `Kubernetes: ${detail}` });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : "no answer";
}

/** Node's fetch takes no certificate authorities, and the cluster has its own: hence node:https. */
function send(
  url: string,
  { method, path, patch }: KubernetesRequest,
  { authorities, token }: { readonly authorities: string; readonly token: string },
): Promise<{ readonly status: number; readonly text: string }> {
  const body = patch === undefined ? undefined : JSON.stringify(patch);
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, url), {
      method,
      ca: authorities,
      signal: AbortSignal.timeout(LIMIT_MS),
      headers: {
        accept: "application/json",
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/merge-patch+json" }),
      },
    });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      let text = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (part: string) => {
        text += part;
        if (text.length > LARGEST_ANSWER) outgoing.destroy(new Error("the answer is too long"));
      });
      incoming.once("error", reject);
      incoming.once("end", () => resolve({ status: incoming.statusCode ?? 0, text }));
    });
    outgoing.end(body);
  });
}
