import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import { type Chunk, chunk } from "../wire/chunk.js";
import { copyId, sameId } from "../wire/id64.js";
import type { Assembler } from "./assembler.js";
import type { EngineContext } from "./context.js";
import type { Path } from "./path.js";

/**
 * Takes the chunks of DATA packets. Those that go on where the one before ended are copied to where they belong, and are one
 * long chunk to everybody else: what is noted for an arrival is noted once for all of them.
 *
 * @see spec/dcquic.md §9.4, §22
 */
export class ChunkIntake {
  readonly #context: EngineContext;
  readonly #assembler: Assembler;
  // The chunks that are not told yet, as one.
  readonly #run: Chunk = chunk();
  #path: Path | undefined;
  #transfer: PulledTransfer | undefined;
  #end = 0;
  #limit = 0;
  #protection = 0;

  /** Tells `assembler` of what arrived. */
  constructor(context: EngineContext, assembler: Assembler) {
    this.#context = context;
    this.#assembler = assembler;
  }

  /** Takes a chunk of a packet that was protected in this way; its bytes lie at `at` of `slab` until all is settled. */
  take(
    nowUs: number,
    path: Path,
    next: Chunk,
    slab: Uint8Array,
    at: number,
    protection: number,
  ): void {
    const { packets } = this.#context;
    if (this.#transfer !== undefined) {
      if (this.#goesOn(path, next, protection)) {
        const { assembly } = this.#transfer.progress;
        assembly?.write(packets, next.wireOffset, slab, at, next.length);
        this.#end += next.length;
        return;
      }
      this.settle(nowUs);
    }
    const transfer = this.#assembler.expects(path, next, protection);
    if (transfer === undefined) return;
    this.#begin(path, transfer, next, protection);
    const { assembly, received } = transfer.progress;
    assembly?.writeMissing(packets, received, next.wireOffset, this.#end, slab, at);
    if (next.flags !== 0 || this.#end > this.#limit) this.settle(nowUs);
  }

  /** Tells of what was taken. To be called before anything else happens. */
  settle(nowUs: number): void {
    const [path, transfer, run] = [this.#path, this.#transfer, this.#run];
    if (path === undefined || transfer === undefined) return;
    this.#transfer = undefined;
    run.length = this.#end - run.wireOffset;
    this.#assembler.onChunk(nowUs, path, transfer, run);
  }

  // Flags say what is to be done at once.
  #goesOn(path: Path, next: Chunk, protection: number): boolean {
    const run = this.#run;
    return (
      next.wireOffset === this.#end &&
      next.flags === 0 &&
      next.length > 0 &&
      next.wireOffset + next.length <= this.#limit &&
      next.pullSeq === run.pullSeq &&
      path === this.#path &&
      protection === this.#protection &&
      sameId(next.pullerId, run.pullerId)
    );
  }

  #begin(path: Path, transfer: PulledTransfer, first: Chunk, protection: number): void {
    const run = this.#run;
    copyId(run.pullerId, first.pullerId);
    run.wireOffset = first.wireOffset;
    run.flags = first.flags;
    run.pullSeq = first.pullSeq;
    this.#path = path;
    this.#transfer = transfer;
    this.#protection = protection;
    this.#end = first.wireOffset + first.length;
    this.#limit = Math.min(
      transfer.wireBytes,
      transfer.progress.received.firstHeld(first.wireOffset),
    );
  }
}
