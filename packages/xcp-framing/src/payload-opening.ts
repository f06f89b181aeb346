import { XcpError } from "./errors.js";
import { FailureWindow } from "./failure-window.js";
import type { FrameOpener } from "./frame-cipher.js";
import type { SessionCore } from "./session-core.js";
import { Flag } from "./wire/constants.js";
import type { ReceivedFrame } from "./wire/frame-event.js";

/** Makes plaintext of frames' payloads, and ends the session when too many cannot be opened. spec/xcp.md §12 */
export class PayloadOpening {
  readonly #core: SessionCore;
  readonly #opener: FrameOpener | undefined;
  readonly #failures: FailureWindow;
  #epoch = 0;

  /** `opener` is absent where CRYPT was not negotiated. */
  constructor(core: SessionCore, opener: FrameOpener | undefined) {
    this.#core = core;
    this.#opener = opener;
    this.#failures = new FailureWindow(
      core.config.limits.maxDecryptFailures,
      Number.POSITIVE_INFINITY,
    );
  }

  /** Epoch of the receiving keys. */
  get epoch(): number {
    return this.#opener?.epoch ?? 0;
  }

  /**
   * Gives a frame's plaintext, the error for which the frame is to be refused, or `undefined` once the session ended.
   *
   * @param chunkIndex Of the frame in its message.
   * @param into Where the plaintext goes if it was encrypted; new memory where it is absent.
   */
  open(
    frame: ReceivedFrame,
    chunkIndex: number,
    into: Uint8Array | undefined,
  ): Uint8Array | XcpError | undefined {
    const core = this.#core;
    if ((frame.flags & Flag.CRYPT) === 0) {
      if (core.negotiated?.crypt !== true || core.config.cryptPolicy !== "required") {
        return frame.payload;
      }
      core.fail(new XcpError("xcp.crypt_required", "a frame came unencrypted"));
      return undefined;
    }
    const opener = this.#opener;
    if (opener === undefined) {
      core.fail(new XcpError("xcp.flags_reserved", "CRYPT was not negotiated"));
      return undefined;
    }
    try {
      const payload = opener.open(core.nowUs, frame, chunkIndex, into);
      this.#noteEpoch(opener.epoch);
      return payload;
    } catch (error) {
      if (!(error instanceof XcpError)) throw error;
      if (!this.#failures.add(core.nowUs)) return error;
      core.fail(error);
      return undefined;
    }
  }

  /** Erases the keys. */
  erase(): void {
    this.#opener?.erase();
  }

  #noteEpoch(epoch: number): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#core.log.write("info", "xcp.rekey", { direction: "received", epoch });
  }
}
