import { describe, expect, it } from "vitest";
import { mailFailure } from "./mail-failure.ts";

/** As nodemailer throws it, with the server's reply. */
function thrown(code: string, command: string, response?: string): Error {
  const reply = response === undefined ? {} : { response, responseCode: Number(response.slice(0, 3)) };
  return Object.assign(new Error(`x: ${response}`), { code, command, ...reply });
}

const recipient = (response: string): Error => thrown("EENVELOPE", "RCPT TO", response);
const message = (response: string): Error => thrown("EMESSAGE", "DATA", response);

describe("a notification by email that a mail server did not take", () => {
  it.each([
    ["unknown mailbox", recipient("550 5.1.1 <desk@example.net>: no such user"), "refused", "550 5.1.1"],
    ["unknown mailbox, several lines", recipient("550-5.1.1 No such user.\n550 5.1.1 Bye"), "refused", "550 5.1.1"],
    ["a domain without mail", recipient("556 5.1.10 null MX"), "refused", "556 5.1.10"],
    ["a mailbox that is disabled", recipient("550 5.2.1 disabled"), "refused", "550 5.2.1"],
    ["an address that is not served", recipient("551 User not local"), "refused", "551"],
    ["an address that cannot be one", recipient("553 mailbox name not allowed"), "refused", "553"],
    ["message too large", message("552 too much mail data"), "refused", "552"],
    ["message too large for the system", message("552 5.3.4 too big"), "refused", "552 5.3.4"],
    ["content nobody there can read", message("554 5.6.1 media not supported"), "refused", "554 5.6.1"],
  ] as const)("%s: final", (_what, error, outcome, detail) => {
    expect(mailFailure(error)).toEqual({ outcome, detail });
  });

  it.each([
    ["relay denied (policy, RFC 3463 X.7.1)", recipient("550 5.7.1 Unable to relay"), "550 5.7.1"],
    ["relay denied by 554", recipient("554 5.7.1 <desk@example.net>: Relay access denied"), "554 5.7.1"],
    ["550 which may be a policy (RFC 5321 §4.2.3)", recipient("550 relaying denied"), "550"],
    ["554 without a status", recipient("554 Transaction failed"), "554"],
    ["too many recipients (RFC 5321 §4.5.3.1.10)", recipient("552 too many recipients"), "552"],
    ["mailbox full", recipient("552 5.2.2 over quota"), "552 5.2.2"],
    ["a sender whose address is not believed", recipient("550 5.1.8 bad sender's system address"), "550 5.1.8"],
    ["a system that takes no mail now", recipient("521 5.3.2 not accepting messages"), "521 5.3.2"],
    ["login wanted before the recipient", recipient("530 5.7.0 Authentication required"), "530 5.7.0"],
    ["a status of another class says nothing", recipient("550 2.1.1 what"), "550"],
    ["mailbox busy", recipient("450 4.2.1 try later"), "450 4.2.1"],
    ["message put off", message("451 later"), "451"],
    ["message refused by policy", message("550 5.7.1 DMARC"), "550 5.7.1"],
    ["message that looks like spam", message("554 rejected"), "554"],
    ["lapsed password", thrown("EAUTH", "AUTH PLAIN", "535 5.7.8 no"), "535 5.7.8"],
    ["login wanted before the sender", thrown("EENVELOPE", "MAIL FROM", "530 5.7.0 no"), "530 5.7.0"],
    ["sender not allowed", thrown("EENVELOPE", "MAIL FROM", "553 5.1.3 no"), "553 5.1.3"],
    ["greeting that turns us away", thrown("EPROTOCOL", "CONN", "554 no SMTP service here"), "554"],
    ["DATA out of turn", thrown("EENVELOPE", "DATA", "503 5.5.1 no"), "503 5.5.1"],
    ["nobody there", thrown("ESOCKET", "CONN"), "ESOCKET"],
  ])("%s: tried again", (_what, error, detail) => {
    expect(mailFailure(error)).toEqual({ outcome: "unreached", detail });
  });

  it("is told without the server's words, which may name the address", () => {
    expect(JSON.stringify(mailFailure(recipient("550 5.1.1 <desk@example.net>")))).not.toContain("desk");
  });
});
