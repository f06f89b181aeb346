import type { DropWatch } from "../core/drop-watch.js";
import type { Hook } from "../core/hook.js";
import type { ReferenceScope } from "../core/payload-reader.js";
import type { RpcLimits } from "../limits.js";
import type { MonotonicClock } from "../streams/monotonic-clock.js";
import type { NativeValues } from "../wire/encoding-level.js";
import type { ErrorPolicy } from "./error-policy.js";
import type { Outlet } from "./outlet.js";
import type { SessionHooks } from "./session-hooks.js";

/** What a session needs from outside. */
export interface SessionParts {
  readonly outlet: Outlet;
  /** The local main object; the session takes it over. */
  readonly main: Hook;
  readonly limits: RpcLimits;
  readonly natives: NativeValues;
  /** Whether the peer may send `Map`, `Set` and `RegExp`. */
  readonly takesCollections: boolean;
  /** Classes of the application for errors of the peer. */
  readonly errorClasses: ReferenceScope["errorClasses"];
  readonly errors: ErrorPolicy;
  /** Measures the round trips of streams. */
  readonly clock: MonotonicClock;
  /** Hears of every result that is asked for. */
  readonly pulled?: SessionHooks["pulled"];
  /** Refuses what the peer pushes. */
  readonly refusal?: SessionHooks["refusal"];
  /** Finds what the application drops; absent where that is kept. */
  readonly dropWatch: DropWatch | undefined;
  /** Hears that the session is over, after the peer has been told. */
  readonly ended: (reason: unknown) => void;
}
