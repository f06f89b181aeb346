import type { AtomicBuffer } from "../memory/atomic-buffer.js";

/** Bytes of a frame's header. spec/aeron.md §7 */
export const FRAME_HEADER_BYTES = 32;

/** Offsets in a frame. */
export const FrameField = {
  length: 0,
  version: 4,
  flags: 5,
  type: 6,
  termOffset: 8,
  sessionId: 12,
  streamId: 16,
  termId: 20,
  reservedValue: 24,
} as const;

/** What the flags of a frame say. */
export const FrameFlag = { begin: 0x80, end: 0x40, endOfStream: 0x20, revoked: 0x10 } as const;

/** The frame is a whole message. */
export const UNFRAGMENTED = 0xc0;

/** What a frame is. */
export const FrameType = { padding: 0, data: 1 } as const;

/**
 * Writes the header of a frame whose length is not there yet, so that readers stop before it.
 *
 * Plain stores: to a reader a length of 0 and one below 0 say the same, and committing releases them all.
 */
export function startFrame(
  term: AtomicBuffer,
  offset: number,
  termId: number,
  sessionId: number,
  streamId: number,
  length: number,
  kind: number,
): void {
  const { words } = term;
  const index = offset >> 2;
  words[index] = -length;
  words[index + 1] = kind;
  words[index + 2] = offset;
  words[index + 3] = sessionId;
  words[index + 4] = streamId;
  words[index + 5] = termId;
  words[index + 6] = 0;
  words[index + 7] = 0;
}

/** Returns version 0, these flags and this type as the one word they share. */
export function flagsAndType(flags: number, type: number): number {
  return (flags << 8) | (type << 16);
}

/** Lets readers see a frame. */
export function commitFrame(term: AtomicBuffer, offset: number, length: number): void {
  Atomics.store(term.words, offset >> 2, length);
}
