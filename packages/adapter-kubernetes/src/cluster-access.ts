import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** How the API server is reached and who asks. Files are read at every request: kubelet replaces the token long before it lapses. */
export interface KubernetesAccess {
  /** `https://host:port` */
  readonly url: string;
  /** PEM of the authorities that the server's certificate must come from. */
  readonly authorities: () => Promise<string>;
  readonly token: () => Promise<string>;
  readonly namespace: () => Promise<string>;
}

const ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The access of a pod with a service account's token mounted.
 * @param host `KUBERNETES_SERVICE_HOST`, which Kubernetes gives every container
 * @param port `KUBERNETES_SERVICE_PORT`
 */
export function inClusterAccess(host: string, port: number, folder: string = ACCOUNT_FOLDER): KubernetesAccess {
  const file = async (name: string): Promise<string> => (await readFile(join(folder, name), "utf8")).trim();
  return {
    url: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    authorities: () => file("ca.crt"),
    token: () => file("token"),
    namespace: () => file("namespace"),
  };
}
