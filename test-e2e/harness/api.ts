import { comingBack, isTurnedAway } from "./coming-back.ts";

/** An answer of the control API. */
interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** The control API with the cluster's key. A 503, for which a moment of Redis or of the machine is enough, is asked again. */
export interface ApiClient {
  readonly url: string;
  get(path: string): Promise<ApiAnswer>;
  post(path: string, body?: unknown): Promise<ApiAnswer>;
  put(path: string, body: unknown): Promise<ApiAnswer>;
  delete(path: string): Promise<ApiAnswer>;
  /** Replaces the topology by this document. */
  putTopology(document: unknown): Promise<ApiAnswer>;
}

/** @param url Without a path. */
export function connectApi(url: string, key: string): ApiClient {
  const call = async (method: string, path: string, body?: unknown): Promise<ApiAnswer> => {
    const typed = body === undefined ? {} : { "content-type": "application/json" };
    const headers = { "x-api-key": key, ...typed };
    const request = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await comingBack(`${url}${path}`, request, isTurnedAway);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return { status: response.status, body: isJson ? (JSON.parse(text) as unknown) : text, headers: response.headers };
  };
  return {
    url,
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body),
    put: (path, body) => call("PUT", path, body),
    delete: (path) => call("DELETE", path),
    putTopology: (document) => call("PUT", "/v1/topology", document),
  };
}
