import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodePicture } from "../content/picture.js";

/** Rows and columns of a frame. */
export const FRAME_SIDE = 400;
/** Red, green, blue, alpha. */
export const FRAME_CHANNELS = 4;
/** Bytes of a frame. */
export const FRAME_BYTES: number = FRAME_SIDE * FRAME_SIDE * FRAME_CHANNELS;

const ROW_BYTES = FRAME_SIDE * FRAME_CHANNELS;

/** The data set's picture side by side with itself, seen through a window that moves by a pixel with each frame. */
export class MovingPicture {
  readonly #canvas: Uint8Array;
  readonly #canvasRowBytes: number;
  readonly #period: number;

  /** Reads the picture. @throws Error when the package's files are missing */
  constructor() {
    const entry = fileURLToPath(import.meta.resolve("vega-datasets"));
    const file = join(dirname(entry), "..", "data", "ffox.png");
    const { width, height, channels, data } = decodePicture("ffox.png", readFileSync(file));
    this.#period = width;
    const columns = FRAME_SIDE + width;
    this.#canvasRowBytes = columns * FRAME_CHANNELS;
    this.#canvas = new Uint8Array(this.#canvasRowBytes * FRAME_SIDE).fill(255);
    for (let row = 0; row < FRAME_SIDE; row++) {
      for (let column = 0; column < columns; column++) {
        const from = ((row % height) * width + (column % width)) * channels;
        const to = row * this.#canvasRowBytes + column * FRAME_CHANNELS;
        this.#canvas.set(data.subarray(from, from + channels), to);
      }
    }
  }

  /** Writes the frame with this number. */
  draw(seq: number, into: Uint8Array): void {
    for (let row = 0; row < FRAME_SIDE; row++) into.set(this.#row(seq, row), row * ROW_BYTES);
  }

  /** Tells whether bytes are the frame with this number; it looks at every 40th row. */
  shows(seq: number, bytes: Uint8Array): boolean {
    if (bytes.length !== FRAME_BYTES) return false;
    for (let row = 0; row < FRAME_SIDE; row += 40) {
      const seen = bytes.subarray(row * ROW_BYTES, (row + 1) * ROW_BYTES);
      if (Buffer.compare(seen, this.#row(seq, row)) !== 0) return false;
    }
    return true;
  }

  #row(seq: number, row: number): Uint8Array {
    const start = row * this.#canvasRowBytes + (seq % this.#period) * FRAME_CHANNELS;
    return this.#canvas.subarray(start, start + ROW_BYTES);
  }
}
