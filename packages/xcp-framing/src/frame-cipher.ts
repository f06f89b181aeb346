import type { Direction } from "./key-schedule.js";
import type { CryptoProvider } from "./platform.js";
import type { Profile } from "./wire/constants.js";
import type { Crc32c, Frame } from "./wire/frame.js";
import type { ReceivedFrame } from "./wire/frame-reader.js";

export interface FrameCipherOptions {
  readonly crypto: CryptoProvider;
  /** K: 32 bytes, copied. */
  readonly key: Uint8Array;
  /** Of deriveSalt. */
  readonly salt: Uint8Array;
  readonly direction: Direction;
  /** When epoch 0 began. */
  readonly nowUs: number;
  /** Smaller limits than §12's, for tests and the careful. */
  readonly rotation?: Partial<RotationLimits>;
}
export interface RotationLimits {
  readonly maxAgeUs: number;
  readonly maxBytes: number;
  readonly maxFrames: number;
}
export class FrameSealer {
  constructor(options: FrameCipherOptions) {
    void options;
  }
  get epoch(): number {
    throw new Error("to be filled");
  }
  /**
   * Seals a frame whose payload is plaintext, and gives the whole frame's parts as encodeFrame does; adds CRYPT and KPHASE. Rotates first when due.
   * @throws RangeError for msgId 0, or a (msgId, chunk index) that this epoch already used: resend the identical bytes, or take a new id.
   */
  sealFrame(
    nowUs: number,
    profile: Profile,
    frame: Frame,
    chunkIndex: number,
    crc32c: Crc32c,
  ): Uint8Array[] {
    void [nowUs, profile, frame, chunkIndex, crc32c];
    throw new Error("to be filled");
  }
  /** Forgets the keys. */
  erase(): void {
    throw new Error("to be filled");
  }
}
export class FrameOpener {
  constructor(options: FrameCipherOptions) {
    void options;
  }
  get epoch(): number {
    throw new Error("to be filled");
  }
  /** The plaintext. @throws XcpError `xcp.decrypt_failed` (counted by the caller), `xcp.key_expired` */
  open(nowUs: number, frame: ReceivedFrame, chunkIndex: number): Uint8Array {
    void [nowUs, frame, chunkIndex];
    throw new Error("to be filled");
  }
  erase(): void {
    throw new Error("to be filled");
  }
}
