import { expect, test } from "vitest";
import { assertNever } from "./assert-never.ts";

test.each([
  [{ kind: "send", request: "sip:+12125550100" }, "unhandled variant: send"],
  [{ number: "+12125550100" }, "unhandled variant: object"],
  ["+12125550100", "unhandled variant: string"],
  [null, "unhandled variant: object"],
])("an unhandled variant is named without what is in it: %o", (value, message) => {
  expect(() => assertNever(value as never)).toThrow(new TypeError(message));
});
