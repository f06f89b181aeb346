/** What the structure of a zstd frame says. */
export interface ZstdFrameInfo {
  /** The content size that the frame declares: a claim, not a fact. */
  readonly contentBytes: number | undefined;
  /** Bytes that a decoder has to keep. */
  readonly windowBytes: number;
  /** No decoder can get more than this out of the blocks. */
  readonly maxContentBytes: number;
}
/** @throws XcpError `xcp.compression` */
export function inspectZstdFrame(frame: Uint8Array): ZstdFrameInfo {
  void frame;
  throw new Error("to be filled");
}
