import { concatBytes, decodeUtf8, isWireError } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import { decodeQmpMessage, type QmpMessage } from "./qmp-message.js";

/** Longer than anything that is asked for here is answered with. */
const MAX_LINE_BYTES = 1_048_576;
const LINE_FEED = 0x0a;

/** Finds messages of a QEMU monitor in bytes as they come. */
export class QmpReader {
  #pieces: Uint8Array[] = [];
  #length = 0;

  /**
   * Reads what came; keeps the beginning of a line.
   *
   * @throws DwcpError `dwcp.protocol` for what is no message, `dwcp.limit` for a line of more than 1 MiB
   */
  *push(bytes: Uint8Array): Generator<QmpMessage, void, undefined> {
    let at = 0;
    for (;;) {
      const end = bytes.indexOf(LINE_FEED, at);
      const rest = bytes.subarray(at, end === -1 ? bytes.length : end);
      this.#length += rest.length;
      if (this.#length > MAX_LINE_BYTES) {
        throw new DwcpError("dwcp.limit", `a line of the monitor exceeds ${MAX_LINE_BYTES} bytes`);
      }
      if (rest.length > 0) this.#pieces.push(rest.slice());
      if (end === -1) return;
      at = end + 1;
      const line = textOf(concatBytes(this.#pieces)).trim();
      this.#pieces = [];
      this.#length = 0;
      if (line !== "") yield decodeQmpMessage(line);
    }
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    if (!isWireError(cause)) throw cause;
    throw new DwcpError("dwcp.protocol", "the monitor says what is no text", { cause });
  }
}
