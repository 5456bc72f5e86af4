import type { NotificationChannel } from "@tandem/call-control";
import { noticeSubject, noticeText } from "@tandem/domain";
import { createTransport, type Transporter } from "nodemailer";

export interface MailServer {
  /** `smtp://host:port` or `smtps://host:port`; STARTTLS is used where the server offers it. */
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly from: string;
  /** Longest each step of a delivery is waited for (ms). */
  readonly timeoutMs: number;
}

/** Notification by email. A mail server that says 5xx about the address or the message is believed; anything else is tried again. */
export function createEmailNotification(server: MailServer): NotificationChannel & { close(): void } {
  const transport = transporter(server);
  return {
    kind: "email",
    async deliver(notice, target) {
      if (target.kind !== "email") return { outcome: "refused", detail: "is no email address" };
      try {
        await transport.sendMail({
          from: server.from,
          to: target.address,
          subject: noticeSubject(notice),
          text: noticeText(notice).replaceAll("\r\n", "\n"),
          priority: notice.test ? "normal" : "high",
          messageId: `<${notice.callId}.${Buffer.from(target.name).toString("hex")}@tandem.invalid>`,
          headers: { "Auto-Submitted": "auto-generated" },
        });
        return { outcome: "delivered", detail: "accepted" };
      } catch (thrown) {
        return mailFailure(thrown);
      }
    },
    close: () => {
      transport.close();
    },
  };
}

function transporter({ url, user, password, timeoutMs }: MailServer): Transporter {
  const { protocol, hostname, port } = new URL(url);
  return createTransport({
    host: hostname,
    port: port === "" ? (protocol === "smtps:" ? 465 : 25) : Number(port),
    secure: protocol === "smtps:",
    ...(user === null ? {} : { auth: { user, pass: password ?? "" } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** What the library's errors say; `responseCode` is the server's reply. */
interface MailError {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
}

/** Asks for credentials, whatever command it answers (RFC 4954 §6). */
const AUTHENTICATION_REQUIRED = 530;

/**
 * RFC 5321 §4.2.1: 5yz is final for the command it answers. Only RCPT TO judges the address and only the reply to the content judges the message; what is said
 * to our greeting, credentials or sender is about us, and somebody may put it right within the hour. The text of the server may name the address, so only the
 * code is kept.
 */
export function mailFailure(thrown: unknown): { readonly outcome: "refused" | "unreached"; readonly detail: string } {
  const {
    responseCode = 0,
    code = "failed",
    command,
  }: MailError = thrown instanceof Error ? (thrown as Error & MailError) : {};
  const judgesNotice = code === "EMESSAGE" || command === "RCPT TO";
  const isFinal = judgesNotice && responseCode >= 500 && responseCode < 600 && responseCode !== AUTHENTICATION_REQUIRED;
  return { outcome: isFinal ? "refused" : "unreached", detail: responseCode === 0 ? code : String(responseCode) };
}
