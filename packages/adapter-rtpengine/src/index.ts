export { createMixerClient, type MixerClient } from "./mixer.ts";
export { createRtpengine, type Rtpengine } from "./rtpengine.ts";
