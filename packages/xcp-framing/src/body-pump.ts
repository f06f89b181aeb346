import { concatBytes } from "@proj/wire-types";
import type { BodySource } from "./body-source.js";
import { XcpError } from "./errors.js";
import type { Transfer } from "./transfer.js";

// Read ahead of the transport by this much.
const AHEAD_BYTES = 256 * 1024;

/** What a {@link BodyPump} does with what it reads. */
export interface BodyPumpTarget {
  push(transfer: Transfer, piece: Uint8Array): void;
  end(transfer: Transfer): void;
  cancel(transfer: Transfer, error: XcpError): void;
}

/**
 * Reads a streamed body and hands it to its transfer, no faster than the transport takes it.
 *
 * An iterable that throws aborts the message, as it must not look whole.
 */
export class BodyPump {
  readonly #transfer: Transfer;
  readonly #source: BodySource;
  readonly #target: BodyPumpTarget;
  #wake: (() => void) | undefined;

  constructor(transfer: Transfer, source: BodySource, target: BodyPumpTarget) {
    this.#transfer = transfer;
    this.#source = source;
    this.#target = target;
  }

  /** The transport took some, or the transfer was settled: look again. */
  poke(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Reads to the end; never rejects. `first` was read already. */
  async run(
    iterator: AsyncIterator<Uint8Array>,
    first?: IteratorResult<Uint8Array>,
  ): Promise<void> {
    const transfer = this.#transfer;
    try {
      let step = first ?? (await iterator.next());
      while (step.done !== true && !transfer.settled) {
        this.#target.push(transfer, step.value);
        while (this.#source.queuedBytes >= AHEAD_BYTES && !transfer.settled) {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
        if (!transfer.settled) step = await iterator.next();
      }
      if (step.done === true) this.#target.end(transfer);
      else await iterator.return?.();
    } catch (error) {
      this.#target.cancel(
        transfer,
        new XcpError("xcp.cancelled", "the streamed body failed", { cause: error }),
      );
    }
  }
}

/**
 * Reads a streamed body into one buffer, for profiles without chunks.
 *
 * @throws XcpError `xcp.message_too_large` beyond `maxBytes`
 */
export async function gatherBody(
  iterable: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of iterable) {
    bytes += piece.length;
    if (bytes > maxBytes) {
      throw new XcpError("xcp.message_too_large", `streamed body exceeds ${maxBytes} bytes`);
    }
    pieces.push(piece);
  }
  return concatBytes(pieces);
}
