import type { EnginePort } from "../stream/engine-port.js";
import type { StreamPlacement } from "../stream/stream.js";
import type { Id64 } from "../wire/id64.js";
import type { PlacementTarget, PlaceOptions } from "./placement.js";

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
  readonly #port: EnginePort;
  readonly #target: PlacementTarget;
  readonly #options: PlaceOptions;
  readonly #failed: (error: unknown) => void;
  #tee: PlacementTarget | undefined;
  #writing = 0;
  #settled: (() => void) | undefined;
  #isOver = false;

  /** `failed` is called once when a target that must not fail does. */
  constructor(
    port: EnginePort,
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
  record(transfer: Id64, offset: number, bytes: Uint8Array): void {
    if (this.#isOver) return;
    const [target, tee] = [this.#target, this.#tee];
    const isLent = target.isBorrower === true && (tee === undefined || tee.isBorrower === true);
    const used = (): void => {
      this.#writing -= 1;
      this.placedBytes += bytes.length;
      this.#port.placed(transfer, bytes.length, isLent ? bytes : undefined);
      if (this.#writing === 0) this.#settled?.();
    };
    this.#writing += 1;
    try {
      const writes = [target.write(offset, bytes), this.#writeTee(offset, bytes)];
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
