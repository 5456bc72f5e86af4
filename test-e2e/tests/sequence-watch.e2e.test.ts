import { describe, expect, it } from "vitest";
import { buildRequest, type HeaderLine, type SipMessage } from "@tandem/sip";
import { SequenceWatch } from "../survival/sequence-watch.ts";

const EDGE = { address: "127.0.0.2", port: 5060 };

function request(cseq: string, branch: string, more: readonly HeaderLine[] = [], body = ""): SipMessage {
  const headers: readonly HeaderLine[] = [
    ["Via", `SIP/2.0/UDP ${branch.startsWith("z1") ? "127.0.0.1" : "127.0.0.2"};branch=z9hG4bK${branch}`],
    ["From", '"Alice" <sip:alice@pool.example>;tag=1'],
    ["To", "<sip:bob@192.0.2.1>;tag=2"],
    ["CSeq", cseq],
    ...more,
  ];
  return buildRequest({ method: cseq.split(" ")[1] ?? "", uri: "sip:bob@192.0.2.1", headers, body });
}

/** What a dialog that an INVITE with number 1 made says to these. */
function watch(...requests: readonly SipMessage[]): { readonly found: readonly unknown[]; readonly repeated: number } {
  const sequence = new SequenceWatch(1);
  const found = requests.map((each) => {
    const breach = sequence.takes(each, EDGE);
    return breach === null ? null : [breach.kind, breach.earlier?.number ?? null, breach.differs];
  });
  return { found, repeated: sequence.repeated };
}

/** The judge of CSeq numbers that the storms have (RFC 3261 §12.2.1.1). */
describe("numbers of the requests in a dialog", () => {
  it.each([
    ["each above the one before, with gaps", ["2 INVITE", "5 UPDATE", "6 BYE"], [null, null, null]],
    ["the number of the INVITE that made the dialog", ["1 BYE"], [["reused", null, []]]],
    [
      "another method with a number that was used",
      ["2 INVITE", "2 BYE"],
      [null, ["reused", 2, ["request line", "CSeq"]]],
    ],
    [
      "a number below one that came, never used",
      ["3 INVITE", "2 BYE"],
      [null, ["reversed", 3, ["request line", "CSeq"]]],
    ],
  ])("%s", (_case, cseqs, expected) => {
    const { found, repeated } = watch(...cseqs.map((cseq, index) => request(cseq, `x${index}`)));
    expect(found).toEqual(expected);
    expect(repeated).toBe(0);
  });

  it("the same request by another edge, with another branch, is told and no fault", () => {
    expect(watch(request("2 BYE", "z1"), request("2 BYE", "z2"))).toEqual({ found: [null, null], repeated: 1 });
  });

  it.each<[string, SipMessage, readonly string[]]>([
    ["a header line more", request("2 BYE", "z2", [["Reason", "SIP;cause=503"]]), ["Reason"]],
    ["another body", request("2 BYE", "z2", [], "x"), ["body"]],
  ])("the same number with %s is another request", (_case, again, differs) => {
    expect(watch(request("2 BYE", "z1"), again)).toEqual({ found: [null, ["reused", 2, differs]], repeated: 0 });
  });

  it("what is shown of a request has no user of an address and no body", () => {
    const sequence = new SequenceWatch(5);
    const text = sequence.takes(request("2 BYE", "z1", [], "m=audio"), EDGE)?.later.text ?? "";
    expect(text).toContain("CSeq: 2 BYE");
    expect(text).not.toMatch(/alice|Alice|bob|m=audio/);
  });
});
