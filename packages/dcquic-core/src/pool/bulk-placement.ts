import type { LendMemory } from "../transfer/part-memory.js";
import type { PlacedRecord, StreamPlacement } from "../stream/stream.js";
import type { PlacementTarget, PlaceOptions } from "./placement.js";
import type { PoolPort } from "./pool-port.js";

const DEFAULT_WINDOW = 4_194_304;

/**
 * Writes the records of one transfer to its target and its tee: a record counts as used when the slower of both has it.
 *
 * @see spec/dcquic.md §4
 */
export class BulkPlacement implements StreamPlacement {
  /** Bytes that may be on the way to the target. */
  readonly windowBytes: number;
  /** Plain bytes that were written. */
  placedBytes = 0;
  /** Memory of the target, where it lends any. A tee that keeps what it is given must not be given that. */
  readonly lend: LendMemory = (offset, length) => {
    if (this.#isOver || (this.#tee !== undefined && this.#tee.isBorrower !== true))
      return undefined;
    try {
      return this.#target.lend?.(offset, length);
    } catch (error) {
      this.#refusal ??= error;
      return undefined;
    }
  };

  readonly #port: PoolPort;
  readonly #target: PlacementTarget;
  readonly #options: PlaceOptions;
  readonly #failed: (error: unknown) => void;
  #tee: PlacementTarget | undefined;
  #writing = 0;
  #settled: (() => void) | undefined;
  #isOver = false;
  // What a target threw that was asked for memory: the engine, which asks, cannot be told.
  #refusal: unknown;

  /** `failed` is called once when a target that must not fail does. */
  constructor(
    port: PoolPort,
    target: PlacementTarget,
    options: PlaceOptions,
    failed: (error: unknown) => void,
  ) {
    this.#port = port;
    this.#target = target;
    this.#options = options;
    this.#tee = options.tee;
    this.#failed = failed;
    this.windowBytes = options.windowBytes ?? DEFAULT_WINDOW;
  }

  /** Takes a record. */
  record({ transfer, offset, bytes, inPlace }: PlacedRecord): void {
    if (this.#isOver) return;
    if (this.#refusal !== undefined) return this.#fail(this.#refusal);
    const [target, tee] = [this.#target, this.#tee];
    const isBorrowed = target.isBorrower === true && (tee === undefined || tee.isBorrower === true);
    const isSpare = isBorrowed && !inPlace;
    const used = (): void => {
      this.#writing -= 1;
      this.placedBytes += bytes.length;
      this.#port.placed(transfer, bytes.length, isSpare ? bytes : undefined);
      if (this.#writing === 0) this.#settled?.();
    };
    this.#writing += 1;
    try {
      const written = inPlace ? undefined : target.write(offset, bytes);
      const writes = [written, this.#writeTee(offset, bytes)];
      const slow = writes.filter((write) => write instanceof Promise);
      if (slow.length === 0) used();
      else Promise.all(slow).then(used, (error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** All records came: waits for what is being written, then makes it durable. */
  async finish(): Promise<number> {
    if (this.#writing > 0) await new Promise<void>((resolve) => (this.#settled = resolve));
    await this.#target.finish?.();
    try {
      await this.#tee?.finish?.();
    } catch (error) {
      if (this.#options.teeRequired === true) throw error;
    }
    this.#isOver = true;
    return this.placedBytes;
  }

  /** The transfer failed. */
  abort(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    void giveUp(this.#target, reason);
    if (this.#tee !== undefined) void giveUp(this.#tee, reason);
  }

  #writeTee(offset: number, bytes: Uint8Array): void | Promise<void> {
    const tee = this.#tee;
    if (tee === undefined) return undefined;
    const lost = (reason: unknown): void => {
      if (this.#options.teeRequired === true) throw reason;
      this.#tee = undefined;
      void giveUp(tee, reason);
    };
    try {
      const write = tee.write(offset, bytes);
      return write instanceof Promise ? write.catch(lost) : undefined;
    } catch (error) {
      lost(error);
      return undefined;
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.abort(error);
    this.#failed(error);
  }
}

async function giveUp(target: PlacementTarget, reason: unknown): Promise<void> {
  try {
    await target.abort?.(reason);
  } catch {
    // A target that cannot even take back has nobody left to tell.
  }
}
