import { parseConfiguration } from "@tandem/runtime";
import { describe, expect, it } from "vitest";
import { controllerSchema } from "./config.ts";

const least = { TANDEM_HTTP: "127.0.0.1:0", TANDEM_REDIS: "redis://127.0.0.1" };

describe("the controller's environment", () => {
  it("needs an address and Redis, and has defaults for the rest", () => {
    const config = parseConfiguration(controllerSchema, least);
    expect(config).toMatchObject({
      ok: true,
      value: { detailFile: null, webhook: null, leaseMs: 3_000, sweepGraceMs: 120_000, logLevel: "info" },
    });
  });

  it("describes both sinks", () => {
    const config = parseConfiguration(controllerSchema, {
      ...least,
      TANDEM_CDR_FILE: "/var/log/tandem/cdr.jsonl",
      TANDEM_CDR_FILE_MAX_MB: "1",
      TANDEM_CDR_FSYNC: "off",
      TANDEM_CDR_WEBHOOK: "https://billing.example.org/cdr",
      TANDEM_CDR_WEBHOOK_SECRET: "hush",
    });
    expect(config).toMatchObject({
      ok: true,
      value: {
        detailFile: { path: "/var/log/tandem/cdr.jsonl", maxBytes: 1_048_576, sync: false },
        webhook: { url: "https://billing.example.org/cdr", secret: "hush", token: null, timeoutMs: 10_000 },
      },
    });
  });

  it("has the receiver of emergency records waited for by a time of its own", () => {
    const slow = {
      ...least,
      TANDEM_EMERGENCY_WEBHOOK: "https://x.example.org",
      TANDEM_CDR_WEBHOOK_TIMEOUT_MS: "120000",
    };
    expect(parseConfiguration(controllerSchema, slow)).toMatchObject({
      value: { emergency: { webhook: { timeoutMs: 10_000 } } },
    });
    expect(
      parseConfiguration(controllerSchema, { ...slow, TANDEM_EMERGENCY_WEBHOOK_TIMEOUT_MS: "3000" }),
    ).toMatchObject({ value: { emergency: { webhook: { timeoutMs: 3_000 } } } });
  });

  it.each([
    { wrong: { TANDEM_REDIS: undefined }, named: "TANDEM_REDIS" },
    { wrong: { TANDEM_HTTP: "nowhere" }, named: "TANDEM_HTTP" },
    { wrong: { TANDEM_CDR_WEBHOOK: "ftp://x" }, named: "TANDEM_CDR_WEBHOOK" },
    { wrong: { TANDEM_CDR_WEBHOOK_SECRET: "hush" }, named: "TANDEM_CDR_WEBHOOK_SECRET" },
    {
      wrong: { TANDEM_SMTP_URL: "smtp://desk:hush@mail.example.org", TANDEM_SMTP_FROM: "tandem@example.org" },
      named: "TANDEM_SMTP_USER",
    },
    { wrong: { TANDEM_EMERGENCY_WEBHOOK_TIMEOUT_MS: "99" }, named: "TANDEM_EMERGENCY_WEBHOOK_TIMEOUT_MS" },
    { wrong: { TANDEM_CDR_FSYNC: "maybe" }, named: "TANDEM_CDR_FSYNC" },
    { wrong: { TANDEM_LEASE_MS: "10" }, named: "TANDEM_LEASE_MS" },
  ])("is refused with a sentence that names $named", ({ wrong, named }) => {
    const config = parseConfiguration(controllerSchema, { ...least, ...wrong });
    expect(config.ok).toBe(false);
    if (!config.ok) expect(config.problems.join("\n")).toContain(named);
    expect(JSON.stringify(config)).not.toContain("hush");
  });
});
