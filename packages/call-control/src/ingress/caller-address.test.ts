import { defaultEmergencyPlan, type EmergencyPlan } from "@tandem/domain";
import type { HeaderLine } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { arriving, requestFrom } from "../testing/sample-messages.ts";
import { callerAddress } from "./caller-address.ts";

function addressBy(plan: Partial<EmergencyPlan>, headers: readonly HeaderLine[] = [], known = true): string {
  return callerAddress(arriving(requestFrom({ headers })), known, { ...defaultEmergencyPlan, ...plan });
}

const firstHop: HeaderLine = ["Via", "SIP/2.0/UDP phone.example;branch=z9hG4bK-0;received=10.1.2.3"];
const header = { siteFrom: "header", siteHeader: "X-Client-Address" } as const;

describe("the address that tells a caller's site", () => {
  test.each<readonly [string, Partial<EmergencyPlan>, readonly HeaderLine[], string]>([
    ["the source", {}, [firstHop], "192.0.2.10"],
    ["the last Via, its received before its host", { siteFrom: "via" }, [firstHop], "10.1.2.3"],
    ["the last Via's host", { siteFrom: "via" }, [["Via", "SIP/2.0/TCP 10.1.2.4:5070;branch=z9hG4bK-0"]], "10.1.2.4"],
    ["the host of Contact", { siteFrom: "contact" }, [], "192.0.2.10"],
    ["a header of the core", header, [["X-Client-Address", " 2001:db8::7 "]], "2001:db8::7"],
    ["the source where the header is missing", header, [], "192.0.2.10"],
    ["the source where the header is no address", header, [["X-Client-Address", "desk 4"]], "192.0.2.10"],
    ["the source where Via is a name", { siteFrom: "via" }, [["Via", "SIP/2.0/UDP a.example"]], "192.0.2.10"],
  ])("%s", (_, plan, headers, expected) => {
    expect(addressBy(plan, headers)).toBe(expected);
  });

  test("a stranger's word does not count", () => {
    expect(addressBy(header, [["X-Client-Address", "10.1.2.3"]], false)).toBe("192.0.2.10");
  });
});
