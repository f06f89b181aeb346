import type { HostBuffer, HostBuffers } from "./host-buffer.js";

/**
 * A message of text in the pieces it is made of: JSON, and between every two pieces of that a long
 * one of ASCII. Joining them as strings would copy them once more, and slowly.
 */
export class PiecedText {
  readonly #json: readonly string[];
  readonly #ascii: readonly string[];

  /** `json` has one piece more than `ascii`. */
  constructor(json: readonly string[], ascii: readonly string[]) {
    this.#json = json;
    this.#ascii = ascii;
  }

  /** UTF-16 code units of the text. */
  get length(): number {
    return lengthOf(this.#json) + lengthOf(this.#ascii);
  }

  /** Joins the pieces. */
  toString(): string {
    let text = "";
    this.#eachPiece((piece) => {
      text += piece;
    });
    return text;
  }

  /** Writes the text as UTF-8 into a new buffer, whose first `room` bytes are left for something else. */
  encode(buffers: HostBuffers, room: number): HostBuffer {
    const json = this.#json.reduce((sum, piece) => sum + buffers.byteLength(piece), 0);
    const bytes = buffers.allocUnsafeSlow(room + json + lengthOf(this.#ascii));
    let at = room;
    this.#eachPiece((piece, form) => {
      at += bytes.write(piece, at, form);
    });
    return bytes;
  }

  #eachPiece(take: (piece: string, form: "latin1" | "utf8") => void): void {
    for (const [at, json] of this.#json.entries()) {
      take(json, "utf8");
      const ascii = this.#ascii[at];
      if (ascii !== undefined) take(ascii, "latin1");
    }
  }
}

function lengthOf(pieces: readonly string[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
