/** Secrets that came apart from their URL; what is left out leaves the URL as it is. */
export interface UrlCredentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Secrets that go into query parameters. */
  readonly query?: Readonly<Record<string, string | undefined>>;
}

const FORM = /^(?<scheme>[a-z]+:\/\/)(?:(?<access>[^@/?#]*)@)?(?<rest>.*)$/s;

/**
 * Puts credentials into a URL, percent-encoded, in the place of those it holds. Orchestrators keep a password as a secret of its own, and it may hold any
 * character. A text that is no URL comes back unchanged, for its reader to refuse.
 */
export function withUrlCredentials(url: string, credentials: UrlCredentials): string {
  const parts = FORM.exec(url)?.groups;
  if (parts === undefined) return url;
  const [user = "", ...more] = (parts["access"] ?? "").split(":");
  const username = credentials.username === undefined ? user : encodeURIComponent(credentials.username);
  const password = credentials.password === undefined ? more.join(":") : encodeURIComponent(credentials.password);
  const access = username === "" && password === "" ? "" : `${username}:${password}@`;
  return withQuery(`${parts["scheme"] ?? ""}${access}${parts["rest"] ?? ""}`, credentials.query ?? {});
}

function withQuery(url: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  if (given.length === 0) return url;
  return `${url}${url.includes("?") ? "&" : "?"}${given.join("&")}`;
}
