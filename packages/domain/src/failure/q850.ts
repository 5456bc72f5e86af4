/** SIP status → Q.850 cause, RFC 3398 §8.2.6.1; statuses the table leaves open follow their class (see `causeFromSipStatus`). */
const causeByStatus: ReadonlyMap<number, number> = new Map([
  [400, 41],
  [401, 21],
  [402, 21],
  [403, 21],
  [404, 1],
  [405, 63],
  [406, 79],
  [407, 21],
  [408, 102],
  [410, 22],
  [413, 127],
  [414, 127],
  [415, 79],
  [416, 127],
  [420, 127],
  [421, 127],
  [423, 127],
  [480, 18],
  [481, 41],
  [482, 25],
  [483, 25],
  [484, 28],
  [485, 1],
  [486, 17],
  // RFC 3398 gives none: the canceller's own release says normal clearing.
  [487, 16],
  // RFC 3398 reads the Warning header; incompatible destination is the common case.
  [488, 88],
  [500, 41],
  [501, 79],
  [502, 38],
  [503, 41],
  [504, 102],
  [505, 127],
  [513, 127],
  [600, 17],
  [603, 21],
  [604, 1],
  [606, 88],
]);

/** Q.850 cause → SIP status, RFC 3398 §7.2.4.1. Causes not listed map to 500 there. */
const statusByCause: ReadonlyMap<number, number> = new Map([
  [1, 404],
  [2, 404],
  [3, 404],
  [17, 486],
  [18, 408],
  [19, 480],
  [20, 480],
  [21, 403],
  [22, 410],
  [23, 410],
  [26, 404],
  [27, 502],
  [28, 484],
  [29, 501],
  [31, 480],
  [34, 503],
  [38, 503],
  [41, 503],
  [42, 503],
  [47, 503],
  [55, 403],
  [57, 403],
  [58, 503],
  [65, 488],
  [70, 488],
  [79, 501],
  [87, 403],
  [88, 503],
  [102, 504],
  [111, 500],
  [127, 500],
]);

/** Q.850 cause for a SIP failure status (300–699). Unlisted statuses say 127, interworking. 2xx gives 16, normal clearing. */
export function causeFromSipStatus(status: number): number {
  if (status < 300) return 16;
  return causeByStatus.get(status) ?? 127;
}

/** SIP failure status for a Q.850 cause (1–127). Normal clearing (16) before the answer says 480: nobody took the call. */
export function sipStatusFromCause(cause: number): number {
  if (cause === 16) return 480;
  return statusByCause.get(cause) ?? 500;
}
