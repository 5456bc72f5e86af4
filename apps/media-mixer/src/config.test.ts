import { parseConfiguration } from "@tandem/runtime";
import { expect, it } from "vitest";
import { mixerSchema } from "./config.ts";

const WRITTEN = {
  TANDEM_HTTP: "127.0.0.1:0",
  TANDEM_MIXER_CONTROL: "127.0.0.1:22300",
  TANDEM_MIXER_ADDRESS: "192.0.2.30",
};

it("tells relays its own address unless another is given", () => {
  const read = (more: object) => parseConfiguration(mixerSchema, { ...WRITTEN, ...more });
  expect(read({})).toMatchObject({ ok: true, value: { mixer: { host: "192.0.2.30", advertised: "192.0.2.30" } } });
  expect(read({ TANDEM_MIXER_ADVERTISED: "2001:db8::1" })).toMatchObject({
    ok: true,
    value: { mixer: { advertised: "2001:db8::1", portMin: 31_000, portMax: 31_999, maxConferences: 100 } },
  });
});

it("takes as many calls as there are ports for", () => {
  expect(parseConfiguration(mixerSchema, { ...WRITTEN, TANDEM_MIXER_MAX_CALLS: "166" })).toMatchObject({ ok: true });
});

it.each([
  ["no address", { TANDEM_MIXER_ADDRESS: "" }, /TANDEM_MIXER_ADDRESS is not set/],
  ["a name for an address", { TANDEM_MIXER_ADDRESS: "mixer.example" }, /expected an IP address/],
  ["more calls than there are ports for", { TANDEM_MIXER_MAX_CALLS: "167" }, /three even ones a call/],
  ["an empty range", { TANDEM_MIXER_PORT_MIN: "40000" }, /no less than TANDEM_MIXER_PORT_MIN/],
])("refuses %s", (_, change, sentence) => {
  const read = parseConfiguration(mixerSchema, { ...WRITTEN, ...change });
  expect(read.ok ? "" : read.problems.join()).toMatch(sentence);
});
