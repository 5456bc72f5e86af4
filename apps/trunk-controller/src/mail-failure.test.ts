import { describe, expect, it } from "vitest";
import { mailFailure } from "./email-notification.ts";

/** As nodemailer throws it. */
function thrown(code: string, command: string, responseCode?: number): Error {
  return Object.assign(new Error("x"), { code, command, ...(responseCode === undefined ? {} : { responseCode }) });
}

describe("a notification by email that a mail server did not take", () => {
  it.each([
    ["unknown mailbox", thrown("EENVELOPE", "RCPT TO", 550), "refused", "550"],
    ["message too large", thrown("EMESSAGE", "DATA", 552), "refused", "552"],
    ["mailbox busy", thrown("EENVELOPE", "RCPT TO", 450), "unreached", "450"],
    ["message put off", thrown("EMESSAGE", "DATA", 451), "unreached", "451"],
    ["lapsed password", thrown("EAUTH", "AUTH PLAIN", 535), "unreached", "535"],
    ["login wanted before the recipient", thrown("EENVELOPE", "RCPT TO", 530), "unreached", "530"],
    ["login wanted before the sender", thrown("EENVELOPE", "MAIL FROM", 530), "unreached", "530"],
    ["sender not allowed", thrown("EENVELOPE", "MAIL FROM", 553), "unreached", "553"],
    ["greeting that turns us away", thrown("EPROTOCOL", "CONN", 554), "unreached", "554"],
    ["DATA out of turn", thrown("EENVELOPE", "DATA", 503), "unreached", "503"],
    ["nobody there", thrown("ESOCKET", "CONN"), "unreached", "ESOCKET"],
  ])("%s", (_what, error, outcome, detail) => {
    expect(mailFailure(error)).toEqual({ outcome, detail });
  });
});
