export type { Expectation } from "./expectation.ts";
export { PeerDialog, type DialogRequest } from "./peer-dialog.ts";
export type { Arrived, PeerAddressOf, PeerOptions, ReplyOptions, RequestOptions } from "./peer-options.ts";
export { SipPeer } from "./sip-peer.ts";
