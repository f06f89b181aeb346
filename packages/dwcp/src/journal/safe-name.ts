import { DwcpError } from "../errors.js";
import { encodeUtf8 } from "@proj/wire-types";

/** File systems take names of 255 bytes; a suffix has to fit too. */
const MAX_NAME_BYTES = 200;
const KEPT = /^[A-Za-z0-9_-]$/;

/**
 * Turns an object's key into a file name: letters, digits, `-` and `_` stay, every other byte becomes `%XX`.
 *
 * Different keys give different names, and no name means anything to a file system.
 *
 * @throws {@link DwcpError} `dwcp.limit` for an empty key, and one that is too long.
 * @see spec/dwcp.md B3
 */
export function safeName(key: string): string {
  const name = Array.from(encodeUtf8(key), (byte) => {
    const text = String.fromCharCode(byte);
    return KEPT.test(text) ? text : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
  }).join("");
  if (name.length === 0 || name.length > MAX_NAME_BYTES) {
    throw new DwcpError("dwcp.limit", `a key whose file name has ${name.length} bytes`);
  }
  return name;
}
