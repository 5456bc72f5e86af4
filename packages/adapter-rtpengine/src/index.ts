export { createRtpengine, type Rtpengine } from "./rtpengine.ts";
