/** What the base classes of generated code are made of; a field of such a name gets `Field` behind it. */
const TAKEN: ReadonlySet<string> = new Set([
  "at",
  "begin",
  "blockLength",
  "bodyLength",
  "bytesBefore",
  "clear",
  "complete",
  "constructor",
  "count",
  "cursor",
  "data",
  "end",
  "finish",
  "has",
  "index",
  "lastData",
  "lay",
  "leaveOut",
  "next",
  "none",
  "opening",
  "pass",
  "restart",
  "rewind",
  "seek",
  "startBlock",
  "take",
  "textBefore",
  "version",
  "view",
  "wrap",
  "wrapBody",
  "writeBytes",
  "writeText",
]);

/** Returns the name of a class or type. */
export function typeName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Returns the name of a field in a plain object. */
export function propertyName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** Returns the name of a flyweight's method for a field. */
export function methodName(name: string): string {
  const property = propertyName(name);
  return TAKEN.has(property) ? `${property}Field` : property;
}

/** Returns the name of a constant. */
export function constantName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toUpperCase();
}
