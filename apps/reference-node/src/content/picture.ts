import { decode } from "jpeg-js";
import { PNG } from "pngjs";
import { ContentError } from "./content.js";

/** A picture as rows of pixels: height × width × channels bytes, row-major. */
export interface Picture {
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** 3 (RGB), or 4 (RGBA) when any pixel is transparent. */
  readonly channels: 3 | 4;
  /** The bytes. */
  readonly data: Uint8Array;
}

/** Files of more pixels are refused before they are decoded: a few bytes can claim billions. */
export const MAX_PICTURE_PIXELS = 64_000_000;

/** Memory that the decoder of JPEG may take. */
const MAX_DECODER_MIB = 1024;

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Recognises PNG and JPEG by their first bytes. */
export function isPicture(head: Uint8Array): boolean {
  return isPng(head) || isJpeg(head);
}

/** Decodes a PNG or JPEG file. @throws ContentError naming `name`. */
export function decodePicture(name: string, bytes: Uint8Array): Picture {
  if (!isPicture(bytes)) {
    throw new ContentError(
      `${name} is neither PNG nor JPEG`,
      "convert it, or send it with --as bytes",
    );
  }
  const format = isPng(bytes) ? "PNG" : "JPEG";
  try {
    return format === "PNG" ? decodePng(bytes) : decodeJpeg(bytes);
  } catch (error) {
    if (error instanceof TooManyPixels) {
      const fix = "scale it down, or send it with --as bytes";
      throw new ContentError(`${name}: ${error.message}`, fix);
    }
    // What the decoders say is about their own state, not about the file.
    throw new ContentError(
      `${name} is damaged: it cannot be decoded as ${format}`,
      "send another picture, or this one with --as bytes",
    );
  }
}

class TooManyPixels extends Error {}

function isPng(bytes: Uint8Array): boolean {
  return pngSignature.every((byte, i) => bytes[i] === byte);
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

function decodePng(bytes: Uint8Array): Picture {
  // IHDR is the first chunk of every PNG: width at 16, height at 20, big-endian.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pixels = bytes.length < 24 ? 0 : view.getUint32(16) * view.getUint32(20);
  if (pixels > MAX_PICTURE_PIXELS) {
    throw new TooManyPixels(`it claims ${pixels} pixels, limit ${MAX_PICTURE_PIXELS}`);
  }
  const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
  return fromRgba(width, height, data);
}

function decodeJpeg(bytes: Uint8Array): Picture {
  try {
    const { width, height, data } = decode(bytes, {
      useTArray: true,
      formatAsRGBA: true,
      maxResolutionInMP: MAX_PICTURE_PIXELS / 1e6,
      maxMemoryUsageInMB: MAX_DECODER_MIB,
    });
    return fromRgba(width, height, data);
  } catch (error) {
    if (!/maxResolutionInMP|maxMemoryUsageInMB/.test((error as Error).message)) throw error;
    throw new TooManyPixels(
      `it takes more than ${MAX_PICTURE_PIXELS} pixels or ${MAX_DECODER_MIB} MiB to decode`,
    );
  }
}

function fromRgba(width: number, height: number, rgba: Uint8Array): Picture {
  for (let at = 3; at < rgba.length; at += 4) {
    if (rgba[at] !== 255) return { width, height, channels: 4, data: new Uint8Array(rgba) };
  }
  const data = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data.set(rgba.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  return { width, height, channels: 3, data };
}
