import {
  bodyLeaves,
  findBodyById,
  formatMessage,
  formatMultipart,
  headerAddresses,
  type HeaderLine,
  type NewPart,
} from "@tandem/sip";
import { describe, expect, test } from "vitest";
import {
  CALLER_PIDF,
  SDP,
  added,
  compose,
  invite,
  located,
  mixed,
  pidf,
  sdp,
} from "../../../test/emergency/composed-invite.ts";

describe("profile pidf-lo", () => {
  test("what a caller of the product class sends goes out as it came, byte for byte (A2)", () => {
    const body = formatMultipart([sdp, pidf], "b1");
    const sent = invite([...located, mixed], body);
    expect(formatMessage(compose(sent))).toBe(formatMessage(sent));
  });

  test("a location of ours is a further part and the last value; the broken one of the caller stays (A16, RFC 6442 §4.1)", () => {
    const broken: NewPart = { headers: pidf.headers, body: "<presence" };
    const sent = invite([...located, mixed], formatMultipart([broken, sdp], "b1"));
    const got = compose(sent, { preparation: { addedLocation: added } });
    const values = headerAddresses(got, "Geolocation");
    expect(values.map(({ uri }) => uri)).toEqual([
      "cid:caller@example.com",
      "cid:location-callid26charsofbase32abcde@tandem.example.com",
    ]);
    expect(values[1]?.params).toEqual([["loc-src", "tandem.example.com"]]);
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual(["<presence", SDP, added]);
    expect(findBodyById(got, `<${values[1]!.uri.slice(4)}>`)?.body).toBe(added);
    expect(got.get("Geolocation-Routing")).toBe("yes");
  });

  test("a document of ours that hands over a conference leaves the caller's as it is (B9)", () => {
    const sent = invite([...located, mixed], formatMultipart([sdp, pidf], "b1"));
    const change = { location: { kind: "value", method: "LIS" }, addedLocation: added } as const;
    const got = compose(sent, { preparation: change });
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual([SDP, CALLER_PIDF, added]);
    expect(got.getAll("Geolocation")[0]).toBe(sent.get("Geolocation"));
    expect(bodyLeaves(compose(sent, { kind: "i3", preparation: { ...change, provider: null } }))).toHaveLength(2);
  });

  test("an INVITE with SDP alone becomes a multipart, with all that a located call needs", () => {
    const got = compose(
      invite(
        [
          ["Content-Type", "application/sdp"],
          ["Content-Disposition", "session"],
        ],
        SDP,
      ),
      {
        preparation: { addedLocation: added },
      },
    );
    expect(got.get("Content-Type")).toMatch(/^multipart\/mixed;boundary=tandem-/);
    expect(got.has("Content-Disposition")).toBe(false);
    expect(bodyLeaves(got).map(({ mediaType }) => mediaType)).toEqual(["application/sdp", "application/pidf+xml"]);
    expect(bodyLeaves(got)[0]?.get("Content-Disposition")).toBe("session");
    expect(got.get("Geolocation-Routing")).toBe("yes");
    expect(got.get("Supported")).toBe("geolocation");
    expect(got.get("Priority")).toBe("emergency");
    expect(got.get("P-Asserted-Identity")).toBe("<sip:+12125550100@192.0.2.1;user=phone>");
  });

  test("what the caller says of routing by location stands (RFC 6442 §4.2)", () => {
    const sent = invite([
      ["Geolocation", "<https://lis.example.com/1>;x=y"],
      ["Geolocation-Routing", "no"],
    ]);
    const got = compose(sent, { preparation: { addedLocation: added } });
    expect(got.getAll("Geolocation-Routing")).toEqual(["no"]);
    expect(got.getAll("Geolocation")[0]).toBe("<https://lis.example.com/1>;x=y");
  });

  test("without any location nothing is said of one", () => {
    const got = compose(invite([["Content-Type", "application/sdp"]], SDP));
    expect(got.has("Geolocation-Routing")).toBe(false);
    expect(got.body).toBe(SDP);
  });

  test("parts of a multipart/alternative keep their relation: ours stands beside it", () => {
    const sent = invite([["Content-Type", "multipart/alternative;boundary=b1"]], formatMultipart([sdp], "b1"));
    const got = compose(sent, { preparation: { addedLocation: added } });
    expect(got.get("Content-Type")).toMatch(/^multipart\/mixed/);
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual([SDP, added]);
    expect(got.body).toContain("Content-Type: multipart/alternative;boundary=b1\r\n\r\n");
  });

  test("a test call is not marked an emergency by us", () => {
    expect(compose(invite(), { preparation: { test: true } }).has("Priority")).toBe(false);
  });
});

describe("profile plain, and the screening number", () => {
  test("the caller's identity is asserted and nothing withholds it (A19)", () => {
    const got = compose(invite([["Privacy", "id"]]), { kind: "plain" });
    expect(got.has("Privacy")).toBe(false);
    expect(got.get("P-Asserted-Identity")).toBe("<sip:+12125550100@192.0.2.1;user=phone>");
    expect(got.get("Priority")).toBe("emergency");
  });

  test("a call to the screening number is an ordinary one", () => {
    expect(compose(invite(), { kind: "plain", screening: true }).has("Priority")).toBe(false);
  });

  test("an identity of the caller stays as it is", () => {
    const asserted: HeaderLine = ["P-Asserted-Identity", '"Ann" <sip:+12125550177@192.0.2.1>, <tel:+12125550177>'];
    expect(compose(invite([asserted]), { kind: "plain" }).getAll("P-Asserted-Identity")).toEqual([asserted[1]]);
  });
});

describe("profile elin", () => {
  test("the number lent to the call takes the caller's place", () => {
    const sent = invite([
      ["P-Asserted-Identity", "<sip:+12125550100@192.0.2.1>"],
      ["P-Asserted-Identity", "<tel:+12125550100>"],
      ["Remote-Party-ID", "<sip:+12125550100@192.0.2.1>"],
      ["Privacy", "id"],
    ]);
    const got = compose(sent, { kind: "elin", preparation: { elin: "+12125550111" }, callingNumber: "+12125550111" });
    expect(got.getAll("P-Asserted-Identity")).toEqual(["<sip:+12125550111@192.0.2.1;user=phone>"]);
    expect(got.has("Remote-Party-ID")).toBe(false);
    expect(got.has("Privacy")).toBe(false);
  });

  test("the location goes along: gateways know an emergency call by it", () => {
    const sent = invite([...located, mixed], formatMultipart([sdp, pidf], "b1"));
    const got = compose(sent, { kind: "elin", preparation: { elin: "+12125550111" }, callingNumber: "+12125550111" });
    expect(got.body).toBe(sent.body);
    expect(got.getAll("Geolocation")).toEqual(sent.getAll("Geolocation"));
  });

  test("without a number to lend the caller's own goes out", () => {
    expect(compose(invite(), { kind: "elin" }).get("P-Asserted-Identity")).toContain("+12125550100");
  });
});

describe("a trunk that strips the location", () => {
  test("nothing of it goes out, the SDP stands alone", () => {
    const sent = invite([...located, mixed], formatMultipart([pidf, sdp], "b1"));
    const got = compose(sent, { location: "strip", preparation: { addedLocation: added } });
    expect(got.has("Geolocation")).toBe(false);
    expect(got.has("Geolocation-Routing")).toBe(false);
    expect(got.get("Content-Type")).toBe("application/sdp");
    expect(got.body).toBe(SDP);
  });

  test("other parts stay, in their multipart", () => {
    const other: NewPart = { headers: [["Content-Type", "text/plain"]], body: "help\r\n" };
    const inner = formatMultipart([pidf, other], "in");
    const nested: NewPart = { headers: [["Content-Type", "multipart/related;boundary=in"]], body: inner };
    const sent = invite([...located, mixed], formatMultipart([pidf, sdp, nested, pidf], "b1"));
    const got = compose(sent, { location: "strip" });
    expect(bodyLeaves(got).map(({ body }) => body)).toEqual([SDP, "help\r\n"]);
  });
});
