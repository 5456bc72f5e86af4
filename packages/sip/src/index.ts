export type { HeaderLine, SipMessage } from "./message.ts";
