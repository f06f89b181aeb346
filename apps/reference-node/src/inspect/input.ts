/** How the input is written. */
export type InputForm = "auto" | "raw" | "hex";

/** What may stand between and before hex digits. */
const separators = /(?:0x|[\s:,_-])+/gi;
const comments = /(?:#|\/\/).*$/gm;

/** `00000010: 0002 0000 …  letters`, as xxd writes. The letters are set off by two blanks. */
const xxdLine = /^[0-9a-f]{8}: (.*?)(?: {2}.*)?$/i;
/** `00000010  00 02 …  |letters|`, as hexdump -C writes; its last line is an offset alone. */
const hexdumpLine = /^[0-9a-f]{8} {2}([0-9a-f ]*?) *\|.*\|$/i;

/**
 * Reads an input as bytes.
 *
 * Hex text may hold blanks, colons, `0x` and comments from `#` or `//` to the end of a line, or be a dump of xxd or
 * `hexdump -C`.
 *
 * @returns A sentence that says why hex text cannot be read.
 */
export function readInput(bytes: Uint8Array, form: InputForm): Uint8Array | string {
  if (form === "raw" || (form === "auto" && !looksLikeHex(bytes))) return bytes;
  const digits = hexDigits(new TextDecoder().decode(bytes));
  const wrong = /[^0-9a-f]/i.exec(digits);
  if (wrong !== null) return `${JSON.stringify(wrong[0])} is no hex digit`;
  if (digits.length % 2 !== 0) return `${digits.length} hex digits: one is missing`;
  return new Uint8Array(Buffer.from(digits, "hex"));
}

function hexDigits(text: string): string {
  return (dumpedDigits(text) ?? text.replaceAll(comments, "")).replaceAll(separators, "");
}

// The digits of a dump without its offsets and letters; `undefined` when the text is no dump.
function dumpedDigits(text: string): string | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const line = [xxdLine, hexdumpLine].find((pattern) => pattern.test(lines[0] ?? ""));
  if (line === undefined) return undefined;
  return lines.map((dumped) => line.exec(dumped)?.[1] ?? "").join(" ");
}

// A frame begins with bytes that no text has, so hex text is never a frame.
function looksLikeHex(bytes: Uint8Array): boolean {
  if (bytes.length === 0 || bytes.includes(0)) return false;
  const text = new TextDecoder().decode(bytes.subarray(0, 4096));
  if (dumpedDigits(text) !== undefined) return true;
  const plain = text.replaceAll(comments, "");
  return /^[\s0-9a-fx:,_-]*$/i.test(plain) && /[0-9a-f]{2}|^\s*$/i.test(plain);
}
