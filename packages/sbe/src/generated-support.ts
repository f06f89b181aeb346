import { SbeError } from "./errors.js";
import type { MessageEncoder } from "./message-encoder.js";

/** No bytes at all, for data that is left out. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The first size that {@link encodeMessage} tries. */
const FIRST_SIZE = 256;

/** The size at which {@link encodeMessage} gives up: what is larger is written with a flyweight. */
const LARGEST_SIZE = 2 ** 30;

/** Throws `RangeError` unless `index` is an index of an array of `length` values. */
export function checkIndex(index: number, length: number): void {
  if (!(Number.isInteger(index) && index >= 0 && index < length)) {
    throw new RangeError(`index ${index} of ${length} values`);
  }
}

/** Sets `size` bytes to zero. */
export function clearBytes(view: DataView, at: number, size: number): void {
  const words = size - (size % 4);
  for (let offset = 0; offset < words; offset += 4) view.setUint32(at + offset, 0);
  for (let offset = words; offset < size; offset++) view.setUint8(at + offset, 0);
}

/** Returns a view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Checks that a number from the wire is one of an enum's. @throws {@link SbeError} `sbe.unknown_enum_value` */
export function requiredEnum<E extends number>(
  value: number,
  is: (value: number) => value is E,
  name: string,
): E {
  if (is(value)) return value;
  throw new SbeError("sbe.unknown_enum_value", `${name} is ${value}`, { details: { value } });
}

/** Like {@link requiredEnum}, and lets what is absent pass. */
export function optionalEnum<E extends number>(
  value: number | undefined,
  is: (value: number) => value is E,
  name: string,
): E | undefined {
  return value === undefined ? undefined : requiredEnum(value, is, name);
}

/** Applies `read` to what is there. */
export function mapPresent<From, To>(
  from: From | undefined,
  read: (from: From) => To,
): To | undefined {
  return from === undefined ? undefined : read(from);
}

/** Copies the values of a fixed-length array. */
export function copyValues<T>(length: number, read: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => read(index));
}

/** Copies the values of a fixed-length array that a writer may not have known. */
export function copyPresentValues<T>(
  length: number,
  read: (index: number) => T | undefined,
): T[] | undefined {
  const copied: T[] = [];
  for (let index = 0; index < length; index++) {
    const value = read(index);
    if (value === undefined) return undefined;
    copied.push(value);
  }
  return copied;
}

/** Hands out the values for a fixed-length array. @throws `RangeError` for another number of them. */
export function eachValue<T>(
  all: readonly T[],
  length: number,
  write: (index: number, value: T) => void,
): void {
  if (all.length !== length) throw new RangeError(`${all.length} values in an array of ${length}`);
  for (const [index, value] of all.entries()) write(index, value);
}

/**
 * Writes one message into bytes of its own.
 *
 * @param write Fills the encoder, which is wrapped; it runs again with more room when there was too little.
 * @throws {@link SbeError} `sbe.too_large` above 1 GiB, and what `write` throws.
 */
export function encodeMessage<E extends MessageEncoder>(
  encoder: E,
  write: (encoder: E) => void,
): Uint8Array {
  for (let size = FIRST_SIZE; ; size *= 4) {
    if (size > LARGEST_SIZE) throw new SbeError("sbe.too_large", `more than ${LARGEST_SIZE} bytes`);
    const bytes = new Uint8Array(size);
    try {
      encoder.wrap(viewOf(bytes));
      write(encoder);
      return bytes.slice(0, encoder.end());
    } catch (error) {
      if (!(error instanceof SbeError && error.code === "sbe.buffer_full")) throw error;
    }
  }
}
