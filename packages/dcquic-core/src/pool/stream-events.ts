import type { PathId } from "../engine/events.js";
import type { DcquicEvent } from "../events/event-groups.js";
import { EventGroup } from "../events/event-groups.js";
import { type TracedPath, traceSeedOf } from "./traceparent.js";
import type { TellStream } from "../stream/stream-news.js";
import type { BackendSink } from "./pool-backend.js";

/** The groups of debug events that `sinks` want and that are not made otherwise: what engines are to be asked to watch. */
export function watchedBy(sinks: Iterable<BackendSink>): number {
  let groups = 0;
  for (const { watched = 0 } of sinks) groups |= watched;
  return groups;
}

/** What a backend knows of a path that streams run on. */
export interface StreamPath extends TracedPath {
  /** The peer, by which it can be called; empty where that is not clear yet. */
  readonly peer: string;
}

/** What makes events of what the streams of one worker tell. */
export interface StreamEventParts {
  /** The worker's number. */
  readonly worker: number;
  /** The time; µs. */
  readonly nowUs: () => number;
  /** Finds a path. */
  readonly pathOf: (path: PathId) => StreamPath | undefined;
  /** Takes the events. */
  readonly emit: (event: DcquicEvent) => void;
}

function aboutPath(
  path: StreamPath | undefined,
  { side }: DcquicEvent["details"],
): DcquicEvent["details"] {
  if (path === undefined) return {};
  return { peer: path.peer, traceSeed: traceSeedOf(path, side === "opener" ? "own" : "peer") };
}

/** Makes events of what a stream layer tells, if `groups` wants any; otherwise there is nobody to tell. §21 */
export function streamTeller(groups: number, parts: StreamEventParts): TellStream | undefined {
  if ((groups & EventGroup.stream) === 0) return undefined;
  return (path, kind, details) => {
    const { emit, nowUs, pathOf, worker } = parts;
    const about = kind === "stream.opened" ? aboutPath(pathOf(path), details) : undefined;
    const all = { ...details, ...about };
    emit({ tUs: nowUs(), worker, group: "stream", level: "debug", kind, details: all });
  };
}
