import type { PathId } from "../engine/events.js";
import { formatId, type Id64 } from "../wire/id64.js";
import type { InboundMessage } from "./inbound.js";
import type { Stream } from "./stream.js";
import type { Submission } from "./submission.js";

/** What a layer tells of its streams. */
export type StreamNewsKind = "stream.opened" | "stream.message" | "stream.ended";

/** Takes what a layer tells of a stream on a path. */
export type TellStream = (
  path: PathId,
  kind: StreamNewsKind,
  details: Readonly<Record<string, string | number>>,
) => void;

/**
 * Tells when streams begin and end, and which transfers carry their messages, while someone wants to know. What began before is
 * not told of. A stream keeps its number when it goes on on another path.
 *
 * @see spec/dcquic.md §21
 */
export class StreamNews {
  #tell: TellStream | undefined;
  #next = 1;
  readonly #numbers = new Map<Stream, number>();

  /** Whether someone wants to know: ask before anything else. */
  get isWatched(): boolean {
    return this.#tell !== undefined;
  }

  /** Tells `tell` from now on, or nobody. */
  watch(tell: TellStream | undefined): void {
    this.#tell = tell;
    if (tell === undefined) this.#numbers.clear();
  }

  /** A stream has its id, and `token` if its opener tracks it. */
  opened(stream: Stream, id: Id64, token: Id64 | undefined): void {
    const number = this.#next++;
    this.#numbers.set(stream, number);
    const { isOpener, path, pattern, priority } = stream;
    this.#tell?.(path, "stream.opened", {
      path,
      stream: number,
      side: isOpener ? "opener" : "answerer",
      pattern,
      priority,
      streamId: formatId(id),
      ...(token === undefined ? {} : { token: formatId(token) }),
    });
  }

  /** The engine took a message of a stream. */
  sent({ stream, messageSeq, bytes, isHeaders }: Submission, transfer: Id64): void {
    this.#message(stream, transfer, {
      side: "announcer",
      messageSeq,
      byteLength: bytes,
      isHeaders: yesOrNo(isHeaders),
      isWhole: "no",
    });
  }

  /** The peer announced a message of a stream. */
  offered(message: InboundMessage): void {
    const { stream, transfer, seq, totalBytes, isHeaders, whole } = message;
    this.#message(stream, transfer, {
      side: "puller",
      messageSeq: seq,
      byteLength: totalBytes,
      isHeaders: yesOrNo(isHeaders),
      isWhole: yesOrNo(whole !== undefined),
    });
  }

  /** A stream is over. */
  ended(stream: Stream, status: number): void {
    const number = this.#numbers.get(stream);
    if (number === undefined) return;
    this.#numbers.delete(stream);
    const { path } = stream;
    this.#tell?.(path, "stream.ended", { path, stream: number, status });
  }

  #message(stream: Stream, transfer: Id64, facts: Readonly<Record<string, string | number>>): void {
    const number = this.#numbers.get(stream);
    if (number === undefined) return;
    const { path } = stream;
    const ids = { path, stream: number, transfer: formatId(transfer) };
    this.#tell?.(path, "stream.message", { ...ids, ...facts });
  }
}

function yesOrNo(flag: boolean): string {
  return flag ? "yes" : "no";
}
