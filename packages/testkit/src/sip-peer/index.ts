export { PeerDialog, type DialogRequest } from "./peer-dialog.ts";
export {
  SipPeer,
  type Arrived,
  type Expectation,
  type PeerAddressOf,
  type PeerOptions,
  type ReplyOptions,
  type RequestOptions,
} from "./sip-peer.ts";
