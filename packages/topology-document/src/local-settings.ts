import type { TopologyDocument } from "./schema/document-schema.ts";

/** Where one arrangement of processes finds and offers things; a section that the document leaves out is null. */
export interface LocalSettings {
  readonly redisUrl: string | null;
  readonly api: Endpoint | null;
  /** First address of /livez, /readyz and /metrics. */
  readonly http: Endpoint | null;
  /** First address at which edges accept workers. */
  readonly admin: Endpoint | null;
  readonly cdr: CdrSinks;
}

/** Port 0 means any free port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface CdrSinks {
  readonly file: string | null;
  readonly webhook: {
    readonly url: string;
    /** Environment variable that holds the bearer token, or null for none. */
    readonly secretEnv: string | null;
    readonly timeoutMs: number;
  } | null;
}

export function localSettings({ redis, api, http, admin, cdr }: TopologyDocument): LocalSettings {
  const webhook = cdr?.webhook;
  return {
    redisUrl: redis?.url ?? null,
    api: api ?? null,
    http: http ?? null,
    admin: admin ?? null,
    cdr: {
      file: cdr?.file ?? null,
      webhook:
        webhook === undefined
          ? null
          : { url: webhook.url, secretEnv: webhook.secretEnv ?? null, timeoutMs: webhook.timeout },
    },
  };
}
