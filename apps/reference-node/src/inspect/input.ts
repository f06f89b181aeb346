/** How the input is written. */
export type InputForm = "auto" | "raw" | "hex";

/** Letters that may stand between and before hex digits. */
const separators = /(?:0x|[\s:,_-])+/gi;
const comments = /(?:#|\/\/).*$/gm;

/**
 * Reads an input as bytes.
 *
 * Hex text may hold blanks, colons, `0x` and comments from `#` or `//` to the end of a line; offsets as `xxd` and `hexdump -C`
 * write them before, and letters after the bytes of a line are left out.
 *
 * @returns A sentence that says at which place hex text cannot be read.
 */
export function readInput(bytes: Uint8Array, form: InputForm): Uint8Array | string {
  if (form === "raw" || (form === "auto" && !looksLikeHex(bytes))) return bytes;
  const text = new TextDecoder().decode(bytes);
  const digits = text.split("\n").map(lineDigits).join("");
  const wrong = /[^0-9a-f]/i.exec(digits);
  if (wrong !== null) return `${JSON.stringify(wrong[0])} is no hex digit`;
  if (digits.length % 2 !== 0) return `${digits.length} hex digits: one is missing`;
  return new Uint8Array(Buffer.from(digits, "hex"));
}

function lineDigits(line: string): string {
  const plain = line.replace(comments, "");
  // xxd: `00000010: 0002 0000  ....`, hexdump -C: `00000010  00 02  |....|`
  const dump =
    /^\s*[0-9a-f]{4,16}:?\s{1,2}((?:[0-9a-f]{2,4}\s{1,2})+)(?:\s*\|.*|\s*\S{1,16})?$/i.exec(
      `${plain} `,
    );
  const hex =
    /^\s*[0-9a-f]{4,16}(?::|\s{2})/i.test(plain) && dump?.[1] !== undefined ? dump[1] : plain;
  return hex.replaceAll(separators, "");
}

// A frame begins with bytes that no text has, so a text of hex digits is never a frame.
function looksLikeHex(bytes: Uint8Array): boolean {
  if (bytes.length === 0 || bytes.includes(0)) return false;
  const text = new TextDecoder().decode(bytes.subarray(0, 4096)).replaceAll(comments, "");
  return /^[\s0-9a-fx:,_|.-]*$/i.test(text.replaceAll(/\|.*?\|/g, "")) && /[0-9a-f]{2}/i.test(text);
}
