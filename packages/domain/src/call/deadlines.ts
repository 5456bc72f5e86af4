/** How long an established call is left alone before its peers are asked whether it still lives (RFC 5057 §5.3 and §5.5), in ms. */
export const AUDIT_AFTER_MS = 1_800_000;
