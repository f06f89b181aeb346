import { malformed, type ReferenceReader, type ReferenceWriter } from "./reference-port.js";

/** The values that cross only where both ends have agreed to it. spec/capnweb.md §5.5 */
export type Collection = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | RegExp;

/** Whether `value` is exactly a `Map`, a `Set` or a `RegExp`: a subclass is not, as everywhere. §5.2 */
export function isCollection(value: object): value is Collection {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === Map.prototype || prototype === Set.prototype || prototype === RegExp.prototype
  );
}

/** Writes a collection, whose members `write` writes. */
export function writeCollection(
  collection: Collection,
  write: (member: unknown) => unknown,
): unknown[] {
  if (collection instanceof RegExp) return ["regexp", collection.source, collection.flags];
  if (collection instanceof Map) {
    return ["map", Array.from(collection, ([key, value]) => [write(key), write(value)])];
  }
  return ["set", Array.from(collection as ReadonlySet<unknown>, write)];
}

/** Reads a collection, whose members `read` reads. Answers {@link malformed} for anything else. */
export function readCollection(
  [tag, content, flags, ...more]: readonly unknown[],
  read: (member: unknown) => unknown,
): Collection | typeof malformed {
  if (tag === "regexp") {
    return typeof content === "string" && typeof flags === "string" && more.length === 0
      ? (parseRegExp(content, flags) ?? malformed)
      : malformed;
  }
  if (!Array.isArray(content) || flags !== undefined) return malformed;
  if (tag === "set") return new Set(content.map(read));
  if (tag !== "map" || !content.every(isPair)) return malformed;
  return new Map(content.map(([key, value]) => [read(key), read(value)]));
}

/** Copies a collection, whose members `copy` copies. */
export function copyCollection(
  collection: Collection,
  copy: (member: unknown) => unknown,
): Collection {
  if (collection instanceof RegExp) return new RegExp(collection);
  if (collection instanceof Map) {
    return new Map(Array.from(collection, ([key, value]) => [copy(key), copy(value)]));
  }
  return new Set(Array.from(collection as ReadonlySet<unknown>, copy));
}

/** Writes members, which hold no references: a promise inside could not be replaced. */
export function memberWriter(outer: ReferenceWriter): ReferenceWriter {
  return {
    writeReference: refuse,
    writeReadable: refuse,
    writeWritable: refuse,
    writeBlob: refuse,
    replaceError: (error) => outer.replaceError(error),
    mark: () => outer.mark(),
    takeBack: (mark) => outer.takeBack(mark),
  };
}

/** Reads members, which hold no references. */
export function memberReader(errorClasses: ReferenceReader["errorClasses"]): ReferenceReader {
  return { collections: true, errorClasses, readReference: refuse, readBlob: refuse };
}

/** The refusal of a reference inside a collection. */
export function refuse(): never {
  throw new TypeError("A Map or a Set holds values only: no stubs, functions, streams or blobs.");
}

function parseRegExp(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}

function isPair(entry: unknown): entry is readonly [unknown, unknown] {
  return Array.isArray(entry) && entry.length === 2;
}
