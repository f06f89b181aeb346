import type { ShmFile, ShmMapOptions } from "./shared-memory.js";
import { MAPPING_ALIGNMENT_BYTES, MAX_MAPPING_BYTES } from "./segments.js";

/** Throws a RangeError unless a file can have `sizeBytes`. */
export function checkSize(sizeBytes: number): void {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 1) {
    throw new RangeError(`${sizeBytes} is not a size in bytes`);
  }
}

/**
 * Checks what is asked of `file`.
 *
 * @throws RangeError for a part that is not in it, TypeError for writing what was opened for reading.
 */
export function checkMapping(file: ShmFile, options: ShmMapOptions): void {
  const { offset = 0, length = file.sizeBytes - offset, readOnly = !file.writable } = options;
  if (!readOnly && !file.writable) throw new TypeError("a file opened for reading is mapped so");
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (!whole || offset < 0 || length < 1 || length > file.sizeBytes - offset) {
    throw new RangeError(`${length} bytes at ${offset} are not inside ${file.sizeBytes} bytes`);
  }
  if (length > MAX_MAPPING_BYTES) {
    throw new RangeError(`${length} bytes at once, limit ${MAX_MAPPING_BYTES}: map segments`);
  }
  if (offset % MAPPING_ALIGNMENT_BYTES !== 0) {
    throw new RangeError(`offset ${offset} is not a multiple of ${MAPPING_ALIGNMENT_BYTES}`);
  }
}
