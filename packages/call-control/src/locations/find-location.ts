import { err, lisCandidates, ok, type Failure, type LisRow, type Result } from "@tandem/domain";
import type {
  Clock,
  FoundLocation,
  LocationDatabase,
  LocationQuestion,
  LocationSource,
  SecondaryLocations,
} from "../ports/index.ts";
import { unlessAway, type Bounds } from "../timing/within.ts";

export interface LocationSourceParts {
  readonly database: Pick<LocationDatabase, "find" | "isAway">;
  readonly secondary: SecondaryLocations;
  readonly clock: Clock;
}

/** The database is in the next rack: what takes it longer is a fault, and the rest of the budget belongs to the secondary source. */
const DATABASE_LIMIT_MS = 150;
/** Less than this is no time to ask anybody. */
const LEAST_MS = 20;

/** `method` of a published row: somebody has checked the address (features of the product class: `LIS` goes to the PSAP directly). */
const ROW_METHOD = "LIS";

/** The location database, then the secondary source when the database knows nothing or cannot be asked; both within the budget. */
export function createLocationSource({ database, secondary, clock }: LocationSourceParts): LocationSource {
  return {
    async locate(question, budgetMs) {
      const startedMs = clock.now();
      const keys = lisCandidates(question.caller);
      const limitMs = Math.min(DATABASE_LIMIT_MS, budgetMs);
      const bounds = { clock, limitMs, isAway: database.isAway() };
      const row = await inTime(database.find(keys, "published"), bounds);
      if (row.ok && row.value !== null) return ok(foundIn(row.value));
      const found = await askSecondary(question, budgetMs - (clock.now() - startedMs), { secondary, clock });
      // Nobody else knows: that the database could not be asked is the news.
      return found === null ? (row.ok ? ok(null) : row) : found;
    },
  };
}

function foundIn({ civic, erl, elins }: LisRow): FoundLocation {
  return { address: civic, source: "database", method: ROW_METHOD, erl: erl === "" ? null : erl, elins };
}

async function askSecondary(
  { caller, secondary: server }: LocationQuestion,
  leftMs: number,
  { secondary, clock }: Pick<LocationSourceParts, "secondary" | "clock">,
): Promise<Result<FoundLocation | null, Failure> | null> {
  if (server === null || leftMs < LEAST_MS) return null;
  const limitMs = Math.min(server.timeoutMs, leftMs);
  const asked = secondary.ask(caller, { url: server.url, limitMs });
  const answer = await inTime(asked, { clock, limitMs, isAway: false });
  if (!answer.ok) return answer;
  // RFC 6881 SP-11: a point is never made into an address here, and nobody could dispatch to our guess.
  if (answer.value === null || answer.value.civic === null) return ok(null);
  return ok({
    address: answer.value.civic,
    source: "secondary",
    method: answer.value.method ?? "",
    erl: null,
    elins: [],
  });
}

/** The result, or a failure when it takes longer or nobody is there to give one. */
function inTime<T>(asked: Promise<Result<T, Failure>>, bounds: Bounds): Promise<Result<T, Failure>> {
  const detail = bounds.isAway ? "away" : `no answer within ${Math.round(bounds.limitMs)} ms`;
  return unlessAway(bounds, asked, () => err({ code: "location-unavailable", detail }));
}
