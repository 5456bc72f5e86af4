export { AppProcess, type LogLine } from "./app-process.ts";
export { freePort } from "./ports/free-port.ts";
export {
  startRedisCluster,
  startRedisContainer,
  startRedisSentinel,
  startRedisServer,
  until,
  whyNoRedisContainer,
  type RedisClusterFixture,
  type RedisFixture,
  type RedisProcess,
  type RedisSentinelFixture,
  type RedisServerFixture,
  type RedisServerOptions,
} from "./redis/index.ts";
export { RtpPhone } from "./rtpengine/rtp-phone.ts";
export { TonePhone } from "./rtpengine/tone-phone.ts";
export { startRtpengine, whyNoRtpengine, type RtpengineFixture } from "./rtpengine/start-rtpengine.ts";
export {
  PeerDialog,
  SipPeer,
  type Arrived,
  type DialogRequest,
  type Expectation,
  type PeerAddressOf,
  type PeerOptions,
  type ReplyOptions,
  type RequestOptions,
} from "./sip-peer/index.ts";
export { undisturbed } from "./undisturbed.ts";
