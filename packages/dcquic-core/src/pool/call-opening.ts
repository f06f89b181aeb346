import { DependencyKind } from "../causality/dependency-kind.js";
import type { After } from "../engine/announce-options.js";
import type { RouterDependency } from "../router/request-router.js";
import type { OutboundPayload } from "../stream/stream.js";
import type { CallOptions, Dependency } from "./call-options.js";
import { workerOf } from "./foreign-dependencies.js";
import type { ReadyPayload } from "./payload-sender.js";
import type { Route } from "./pool-backend.js";

/** What draws a call to workers: the calls that must come before it. */
export function attractions(
  after: readonly Dependency[] = [],
): readonly RouterDependency[] | undefined {
  if (after.length === 0) return undefined;
  return after.map((each) => ({ worker: workerOf(each), cascades: each.cascade }));
}

/** The first message of a call: it carries what the options say to acceptors, and to the order of calls on its worker. */
export function openingOf(
  { worker }: Route,
  { meta, after, track }: CallOptions,
  { payload, taken }: ReadyPayload,
  kind: "headers" | "message",
): OutboundPayload {
  return {
    payload,
    taken,
    isHeaders: kind === "headers",
    isLast: kind === "message",
    meta,
    after: after?.filter((each) => workerOf(each) === worker).map(kindOf),
    track,
  };
}

function kindOf({ token, wait, cascade }: Dependency): After {
  if (wait === "request") {
    return { token, kind: cascade ? DependencyKind.RequestCascade : DependencyKind.Request };
  }
  return { token, kind: cascade ? DependencyKind.ResponseCascade : DependencyKind.Response };
}
