import { describe, expect, it, test } from "vitest";
import { withHeaders, withUri } from "../edit-message.ts";
import { buildRequest } from "../build-message.ts";
import type { SipMessage } from "../message.ts";
import { clientTransactionKey, requestKey, serverTransactionKey, transactionFacts } from "./transaction-key.ts";

function request(method: string, via: string, to = "<sip:b@example.com>"): SipMessage {
  return buildRequest({
    method,
    uri: "sip:b@example.com",
    headers: [
      ["Via", via],
      ["From", "<sip:a@example.com>;tag=a1"],
      ["To", to],
      ["Call-ID", "c1"],
      ["CSeq", `7 ${method}`],
    ],
  });
}

const MODERN = "SIP/2.0/UDP client.example.com:5070;branch=z9hG4bKabc";
const OLD = "SIP/2.0/UDP client.example.com:5070;branch=abc";

function serverKey(message: SipMessage, method?: string): string {
  const facts = transactionFacts(message);
  if (facts === undefined) throw new Error("no facts");
  return serverTransactionKey(message, facts, method);
}

function keyOfRequest(message: SipMessage): string {
  const facts = transactionFacts(message);
  if (facts === undefined) throw new Error("no facts");
  return requestKey(facts);
}

describe("matching requests to server transactions, RFC 3261 §17.2.3", () => {
  const invite = request("INVITE", MODERN);
  const old = request("INVITE", OLD);
  const bare = request("INVITE", MODERN.replace("abc", ""));
  const same: readonly [string, SipMessage, SipMessage, string?][] = [
    ["a retransmission", invite, request("INVITE", MODERN)],
    ["the ACK to a non-2xx, To tag and all", invite, request("ACK", MODERN, "<sip:b@example.com>;tag=b1")],
    ["a CANCEL and its INVITE", invite, request("CANCEL", MODERN), "INVITE"],
    ["sent-by in another case", invite, request("INVITE", MODERN.replace("client", "CLIENT"))],
    ["RFC 2543: a retransmission", old, request("INVITE", OLD)],
    ["RFC 2543: the ACK with the To tag of the response", old, request("ACK", OLD, "<sip:b@example.com>;tag=b1")],
    ["RFC 2543: a CANCEL and its INVITE", old, request("CANCEL", OLD), "INVITE"],
    [
      "RFC 2543: no branch at all",
      request("INVITE", "SIP/2.0/UDP h"),
      request("ACK", "SIP/2.0/UDP h", "<sip:b@example.com>;tag=b1"),
    ],
  ];
  test.each(same)("same transaction: %s", (_fact, first, second, asked) => {
    expect(serverKey(second, asked)).toBe(serverKey(first));
  });

  const different: readonly [string, SipMessage, SipMessage][] = [
    ["another branch", invite, request("INVITE", MODERN.replace("abc", "abd"))],
    ["another sent-by host", invite, request("INVITE", MODERN.replace("client", "other"))],
    ["another sent-by port", invite, request("INVITE", MODERN.replace("5070", "5071"))],
    ["no sent-by port", invite, request("INVITE", MODERN.replace(":5070", ""))],
    ["another method with the same branch", request("OPTIONS", MODERN), request("BYE", MODERN)],
    ["a CANCEL itself", invite, request("CANCEL", MODERN)],
    ["RFC 2543: another Request-URI", old, withUri(old, "sip:c@example.com")],
    ["RFC 2543: another Call-ID", old, withHeaders(old, (headers) => headers.set("Call-ID", "c2"))],
    [
      "the cookie alone (RFC 4475 §3.2.1): another Call-ID",
      bare,
      withHeaders(bare, (headers) => headers.set("Call-ID", "c2")),
    ],
    ["RFC 2543: another CSeq", old, withHeaders(old, (headers) => headers.set("CSeq", "8 INVITE"))],
    [
      "RFC 2543: another From tag",
      old,
      withHeaders(old, (headers) => headers.set("From", "<sip:a@example.com>;tag=a2")),
    ],
    ["RFC 2543: another Via", old, request("INVITE", OLD.replace("5070", "5071"))],
  ];
  test.each(different)("another transaction: %s", (_fact, first, second) => {
    expect(serverKey(second)).not.toBe(serverKey(first));
  });
});

describe("matching responses to client transactions, RFC 3261 §17.1.3", () => {
  it("takes the branch and the CSeq method, because a CANCEL shares its INVITE's branch", () => {
    expect(clientTransactionKey("z9hG4bK1", "INVITE")).not.toBe(clientTransactionKey("z9hG4bK1", "CANCEL"));
  });
});

describe("one request by several ways, RFC 3261 §8.2.2.2", () => {
  const invite = request("INVITE", MODERN);
  it("is the same request under another branch", () => {
    const other = request("INVITE", MODERN.replace("abc", "xyz"));
    expect(keyOfRequest(other)).toBe(keyOfRequest(invite));
    expect(serverKey(other)).not.toBe(serverKey(invite));
  });

  it("gives the ACK to a 2xx the key of its INVITE, whatever its branch", () => {
    const ack = request("ACK", MODERN.replace("abc", "xyz"), "<sip:b@example.com>;tag=b1");
    expect(keyOfRequest(ack)).toBe(keyOfRequest(invite));
  });

  it("keeps a new CSeq apart", () => {
    const again = withHeaders(invite, (headers) => headers.set("CSeq", "8 INVITE"));
    expect(keyOfRequest(again)).not.toBe(keyOfRequest(invite));
  });
});

describe("what belongs to no transaction", () => {
  test.each(["Via", "From", "To", "Call-ID", "CSeq"])("a request without %s", (name) => {
    const bare = withHeaders(request("INVITE", MODERN), (headers) => headers.remove(name));
    expect(transactionFacts(bare)).toBeUndefined();
  });

  it("a request whose CSeq is no number", () => {
    const bad = withHeaders(request("INVITE", MODERN), (headers) => headers.set("CSeq", "x INVITE"));
    expect(transactionFacts(bad)).toBeUndefined();
  });
});
