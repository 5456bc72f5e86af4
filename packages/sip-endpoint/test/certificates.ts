import { generate } from "selfsigned";
import type { ListenerTls } from "../src/config.ts";

/** A certificate authority of the test. */
export interface Authority {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate vouches for. */
export interface Names {
  readonly dns?: readonly string[];
  readonly uris?: readonly string[];
  readonly ips?: readonly string[];
}

const KEYS = { keyType: "ec", algorithm: "sha256" } as const;

export async function makeAuthority(name: string): Promise<Authority> {
  const made = await generate([{ name: "commonName", value: name }], {
    ...KEYS,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { certificate: made.cert, key: made.private };
}

/** A certificate of that authority for server and client use, ready for a listener that trusts the same authority. `ended`: when it expired; default: in a year. */
export async function makeTls(authority: Authority, names: Names, mutual = true, ended?: Date): Promise<ListenerTls> {
  const made = await generate([{ name: "commonName", value: "sip test" }], {
    ...KEYS,
    ...(ended !== undefined && { notBeforeDate: new Date(ended.getTime() - 86_400_000), notAfterDate: ended }),
    ca: { key: authority.key, cert: authority.certificate },
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true },
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          ...(names.dns ?? []).map((value) => ({ type: 2, value }) as const),
          ...(names.uris ?? []).map((value) => ({ type: 6, value }) as const),
          ...(names.ips ?? []).map((ip) => ({ type: 7, ip }) as const),
        ],
      },
    ],
  });
  return { certificate: made.cert, key: made.private, ca: authority.certificate, mutual };
}
