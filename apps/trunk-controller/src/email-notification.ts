import type { NotificationChannel } from "@tandem/call-control";
import { noticeSubject, noticeText } from "@tandem/domain";
import { createTransport, type Transporter } from "nodemailer";
import { mailFailure } from "./mail-failure.ts";

export interface MailServer {
  /** `smtp://host:port` or `smtps://host:port`; STARTTLS is used where the server offers it. */
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly from: string;
  /** Longest each step of a delivery is waited for (ms). */
  readonly timeoutMs: number;
}

/** Notification by email. A mail server that says for good that the address or the message is bad is believed; anything else is tried again. */
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
