import { createSecureContext, type PeerCertificate, type SecureContext, type SecureContextOptions } from "node:tls";
import type { ListenerTls } from "../config.ts";
import { certificateIdentities, coversHost } from "./tls-identity.ts";

/** A listener's TLS configuration, read and checked. */
export interface TlsMaterial {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
  readonly mutual: boolean;
  readonly verifyServers: boolean;
  readonly wildcardNames: boolean;
}

/** Reads certificate, key and authorities; throws what OpenSSL says when they do not fit. */
export function readTls(tls: ListenerTls): TlsMaterial {
  const options: SecureContextOptions = {
    cert: tls.certificate,
    key: tls.key,
    minVersion: "TLSv1.2",
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  };
  return {
    options,
    context: createSecureContext(options),
    mutual: tls.mutual,
    verifyServers: tls.verifyServers ?? true,
    wildcardNames: tls.wildcardNames ?? false,
  };
}

/** The check of a server's name by RFC 5922 instead of the web's rules. */
export function serverNameCheck(tls: TlsMaterial): (host: string, certificate: PeerCertificate) => Error | undefined {
  return (host, certificate) => {
    if (coversHost(certificateIdentities(certificate), host, tls.wildcardNames)) return undefined;
    return Object.assign(new Error("the certificate does not name the next hop"), { code: "ERR_TLS_NEXT_HOP_NAME" });
  };
}
