/** An INVITE of a worker, without a branch: the edge gives it one. */
export const INVITE =
  "INVITE sip:b@198.51.100.9 SIP/2.0\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@y>\r\nCall-ID: k1\r\nCSeq: 1 INVITE\r\n\r\n";

/** The frame of the same with a branch that the worker gave it. */
export const branched = `sip||||||z9hG4bKcall-b1-1\r\n${INVITE}`;

/** What acknowledges a 2xx to it. */
export const ACK =
  "ACK sip:b@198.51.100.9 SIP/2.0\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@y>;tag=peer-tag\r\nCall-ID: k1\r\nCSeq: 1 ACK\r\n\r\n";

/** Longer than the edge of these tests lets pass between two looks at what is overdue. */
export const sweeps = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
