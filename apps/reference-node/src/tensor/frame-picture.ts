import type { Frame } from "@proj/tensor-pool";
import { PNG } from "pngjs";

/** A frame as the rows of a picture. */
export interface FramePicture {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, alpha of each pixel. */
  readonly rgba: Uint8Array;
}

/**
 * Copies a frame of 1, 3 or 4 channels into pixels: bytes as they are, numbers of 0 to 1 scaled.
 *
 * @returns The picture, or the sentence that says why the frame is none.
 */
export function framePicture(frame: Frame): FramePicture | string {
  const { dims, dtype, stridesBytes, itemBytes, majorOrder } = frame.shape;
  const [height = 0, width = 0, channels = 1] = dims;
  if (dims.length < 2 || dims.length > 3 || ![1, 3, 4].includes(channels)) {
    return `its shape is [${dims.join(", ")}], not [height, width] or [height, width, 1, 3 or 4]`;
  }
  if (majorOrder !== "row") return "its columns lie together, not its rows";
  const scale = dtype === "uint8" ? 1 : dtype === "float32" || dtype === "float64" ? 255 : 0;
  if (scale === 0) return `its elements are ${dtype}, not uint8, float32 or float64`;
  const values = frame.values();
  const [rowStep = 0, pixelStep = 0, channelStep = 0] = stridesBytes.map(
    (stride) => stride / itemBytes,
  );
  const rgba = new Uint8Array(width * height * 4);
  const value = (row: number, column: number, channel: number): number =>
    Number(values[row * rowStep + column * pixelStep + channel * channelStep] ?? 0) * scale;
  let at = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let channel = 0; channel < 3; channel++) {
        rgba[at + channel] = clamp(value(row, column, channels < 3 ? 0 : channel));
      }
      rgba[at + 3] = channels === 4 ? clamp(value(row, column, 3)) : 255;
      at += 4;
    }
  }
  return { width, height, rgba };
}

/** Encodes a picture as PNG. */
export function encodePng({ width, height, rgba }: FramePicture): Uint8Array {
  const png = new PNG({ width, height });
  png.data = Buffer.from(rgba.buffer, rgba.byteOffset, rgba.length);
  return PNG.sync.write(png);
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}
