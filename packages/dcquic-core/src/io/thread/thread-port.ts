import type { RandomSource, Timers } from "@proj/wire-types";
import type { BufferRegistry } from "../../buffer/buffer-registry.js";
import type { CryptoBackend } from "../../crypto/backend.js";
import type {
  AnnounceOptions,
  AnnounceResult,
  TokenOutcome,
} from "../../engine/announce-options.js";
import type { PathId } from "../../engine/events.js";
import type { PlacedAccept } from "../../engine/puller.js";
import { Status } from "../../engine/status.js";
import type { CloseOptions } from "../../engine/stream-closer.js";
import type { EnginePort, PortParts } from "../../stream/engine-port.js";
import type { Id64 } from "../../wire/id64.js";
import type { EngineThread } from "./engine-thread.js";

/** The port of an engine that runs on another thread: commands are posted, answers come later. */
export class ThreadPort implements EnginePort {
  /** Timers on the engine's time. */
  readonly timers: Timers;
  /** What seals records, on this thread. */
  readonly crypto: CryptoBackend;
  /** Where data keys come from. */
  readonly random: RandomSource;
  /** log2 of a record's plain bytes, where it was chosen. */
  readonly recordLog2: number | undefined;
  readonly #thread: EngineThread;

  /** Posts to `thread`. */
  constructor(thread: EngineThread, parts: PortParts) {
    this.#thread = thread;
    this.timers = parts.timers;
    this.crypto = parts.crypto;
    this.random = parts.random;
    this.recordLog2 = parts.recordLog2;
  }

  /** The engine's time; µs. */
  get nowUs(): number {
    return this.#thread.nowUs;
  }

  /** The buffers of own transfers; those of announced ones are read by the other thread until it says otherwise. */
  get buffers(): BufferRegistry {
    return this.#thread.buffers;
  }

  /** See `EnginePort`: the other thread knows. What crosses in batches is to be more than what one thread needs, too. */
  roundTripUs(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** See `EnginePort`. */
  announce<O extends AnnounceOptions>(
    path: PathId,
    options: O,
    done: (result: AnnounceResult, options: O) => void,
  ): void {
    const { payload } = options;
    const rest = postable(options);
    let answered = false;
    const answer = (result: AnnounceResult): void => {
      if (answered) return;
      answered = true;
      done(result, options);
    };
    const fail = (how: "taken" | "untaken"): void => {
      const refused = { kind: "refused", status: Status.LocalResource } as const;
      answer(how === "untaken" ? { ...refused, isUntaken: true } : refused);
    };
    if (payload instanceof Uint8Array) {
      const call = { buffer: undefined, done: answer, fail, batch: 0 };
      this.#thread.announce({ path, options: { ...rest, payload } }, call);
      return;
    }
    const shared = this.buffers.share(payload);
    this.buffers.retain(payload);
    const call = { buffer: payload, done: answer, fail, batch: 0 };
    this.#thread.announce({ path, options: { ...rest, payload: shared } }, call);
  }

  /** See `EnginePort`. */
  accept(transfer: Id64, placed?: PlacedAccept): void {
    // Memory cannot be lent to another thread.
    const windowBytes = placed?.windowBytes;
    const asked = windowBytes === undefined ? undefined : { windowBytes };
    this.#thread.post({ kind: "accept", transfer, placed: asked });
  }

  /** See `EnginePort`. */
  placed(transfer: Id64, bytes: number): void {
    this.#thread.post({ kind: "placed", transfer, bytes });
  }

  /** See `EnginePort`. */
  reject(transfer: Id64): void {
    this.#thread.post({ kind: "reject", transfer });
  }

  /** See `EnginePort`. */
  consume(transfer: Id64): void {
    this.#thread.post({ kind: "consume", transfer });
  }

  /** See `EnginePort`. */
  cancel(transfer: Id64): void {
    this.#thread.post({ kind: "cancel", transfer });
  }

  /** See `EnginePort`. */
  close(path: PathId, options: CloseOptions): void {
    this.#thread.post({ kind: "close", path, options });
  }

  /** See `EnginePort`. */
  settleToken(token: Id64, outcome: TokenOutcome): void {
    this.#thread.post({ kind: "settleToken", token, outcome });
  }
}

// What the engine is to know, without what else the caller keeps beside it.
function postable(options: AnnounceOptions): Omit<AnnounceOptions, "payload"> {
  const { shape, priority, streamId, messageSeq, meta, after, deadlineUs, inline } = options;
  const { track, holdToken } = options;
  return {
    shape,
    priority,
    streamId,
    messageSeq,
    meta,
    after,
    deadlineUs,
    inline,
    track,
    holdToken,
  };
}
