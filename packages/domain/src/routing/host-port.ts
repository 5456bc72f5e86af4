/** `host:port` as a URI holds it: IPv6 literals in brackets, no port when 0. */
export function hostPort(host: string, port: number): string {
  const bare = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return port === 0 ? bare : `${bare}:${port}`;
}
