import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Clock } from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { Logger } from "@tandem/runtime";

/** PEM texts. */
export interface CertificateAndKey {
  readonly cert: string;
  readonly key: string;
}

interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateParts {
  readonly files: CertificateFiles;
  readonly clock: Pick<Clock, "after">;
  readonly log: Pick<Logger, "info" | "warn">;
}

/** How often the files are looked at, as the edges look at theirs. A certificate is renewed days before it ends. */
const LOOK_MS = 30_000;

/**
 * Certificate and key of the HELD listener, which are renewed without a restart: handshakes from then on use the new ones. Files are read again rather than
 * watched, because where they are mounted they are replaced by a link to another folder. Two that do not belong together (one is new, the other not yet)
 * are left out until they do.
 */
export class HeldCertificate {
  readonly #parts: CertificateParts;
  #inForce: CertificateAndKey;
  #complained = "";
  #cancel: () => void = () => undefined;

  private constructor(parts: CertificateParts, inForce: CertificateAndKey) {
    this.#parts = parts;
    this.#inForce = inForce;
  }

  /** `configuration-invalid` for files that cannot be read or do not fit each other. */
  static async read(parts: CertificateParts): Promise<Result<HeldCertificate, Failure>> {
    try {
      return ok(new HeldCertificate(parts, await readPair(parts.files)));
    } catch (thrown) {
      const detail = `certificate or key of the HELD listener: ${reasonOf(thrown)}`;
      return err({ code: "configuration-invalid", detail });
    }
  }

  get inForce(): CertificateAndKey {
    return this.#inForce;
  }

  /** When the first certificate of the chain, which is the listener's own, ends (epoch ms). */
  get endsMs(): number {
    return new X509Certificate(this.#inForce.cert).validToDate.getTime();
  }

  /** Looks from now on, and tells of each renewal; the returned function ends it. */
  follow(onRenewed: (renewed: CertificateAndKey) => void): () => void {
    const following = { ended: false };
    const next = (): void => {
      if (following.ended) return;
      this.#cancel = this.#parts.clock.after(LOOK_MS, () => void this.#look(onRenewed, following).then(next));
    };
    next();
    return () => {
      following.ended = true;
      this.#cancel();
    };
  }

  async #look(onRenewed: (renewed: CertificateAndKey) => void, following: { readonly ended: boolean }): Promise<void> {
    const { files, log } = this.#parts;
    try {
      const read = await readPair(files);
      if (following.ended) return;
      if (read.cert === this.#inForce.cert && read.key === this.#inForce.key) return;
      this.#inForce = read;
      this.#complained = "";
      onRenewed(read);
      log.info({ listener: "held", ends: new Date(this.endsMs).toISOString() }, "certificate renewed");
    } catch (error) {
      // Once per trouble: it is met again at every look.
      const reason = reasonOf(error);
      if (reason === this.#complained) return;
      this.#complained = reason;
      log.warn({ listener: "held", reason }, "renewed certificate cannot be used, the one before stays");
    }
  }
}

/** Throws for files that cannot be read or used. */
async function readPair(files: CertificateFiles): Promise<CertificateAndKey> {
  const [cert, key] = await Promise.all([readFile(files.certificate, "utf8"), readFile(files.key, "utf8")]);
  createSecureContext({ cert, key });
  return { cert, key };
}

/** A code rather than a message, which may hold the path. */
function reasonOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unusable";
}
