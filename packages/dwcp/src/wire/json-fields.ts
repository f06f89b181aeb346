import { DwcpError } from "../errors.js";

/** Reads one value of a control payload; `path` is where it stands, for the message. Throws `dwcp.protocol`. */
export type Field<T> = (value: unknown, path: string) => T;

/** The readers of an object's members. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

const MAX_TEXT = 1_024;

/** Reads an object; members that `fields` does not name are left out, so that later minors may add some. */
export function object<T extends object>(fields: Fields<T>): Field<T> {
  const entries = Object.entries<Field<unknown>>(fields);
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw wrong(path, "an object");
    }
    const members = new Map<string, unknown>(Object.entries(value));
    const read: [string, unknown][] = [];
    for (const [name, field] of entries) {
      const member = field(members.get(name), `${path}.${name}`);
      if (member !== undefined) read.push([name, member]);
    }
    return Object.fromEntries(read) as T;
  };
}

/** Reads a list of at most `max` items. */
export function list<T>(field: Field<T>, max: number): Field<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > max) throw wrong(path, `a list of at most ${max}`);
    return value.map((item: unknown, at) => field(item, `${path}[${at}]`));
  };
}

/** Reads what may be absent; JSON's null counts as absent. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value, path) => (value === undefined || value === null ? undefined : field(value, path));
}

/** Reads an integer in `min`..`max`. */
export function integer(min: number, max: number): Field<number> {
  return (value, path) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
      throw wrong(path, `an integer in ${min}..${max}`);
    }
    return value;
  };
}

/** Reads an integer in 0..2^53−1. */
export const u53: Field<number> = integer(0, Number.MAX_SAFE_INTEGER);

/** Reads an integer in 0..65535. */
export const u16: Field<number> = integer(0, 0xffff);

/** Reads an integer in 0..2^32−1. */
export const u32: Field<number> = integer(0, 0xffffffff);

/** Reads true or false. */
export const flag: Field<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw wrong(path, "true or false");
  return value;
};

/** Reads text of at most `max` UTF-16 units. */
export function text(max: number = MAX_TEXT): Field<string> {
  return (value, path) => {
    if (typeof value !== "string" || value.length > max) {
      throw wrong(path, `text of at most ${max}`);
    }
    return value;
  };
}

/** Reads `bytes` bytes in lower-case hexadecimal. */
export function hex(bytes: number): Field<string> {
  const pattern = new RegExp(`^[0-9a-f]{${2 * bytes}}$`);
  return (value, path) => {
    if (typeof value !== "string" || !pattern.test(value)) {
      throw wrong(path, `${bytes} bytes in hexadecimal`);
    }
    return value;
  };
}

/** Reads one of `values`. */
export function oneOf<T extends string>(values: readonly T[]): Field<T> {
  return (value, path) => {
    const found = values.find((each) => each === value);
    if (found === undefined) throw wrong(path, `one of ${values.join(", ")}`);
    return found;
  };
}

/** Reads an object whose members are texts, as metadata are: at most `max` of them. */
export function texts(max: number): Field<Readonly<Record<string, string>>> {
  const member = text();
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw wrong(path, "an object of texts");
    }
    const entries = Object.entries(value);
    if (entries.length > max) throw wrong(path, `at most ${max} texts`);
    return Object.fromEntries(
      entries.map(([name, each]) => [name, member(each, `${path}.${name}`)]),
    );
  };
}

function wrong(path: string, expected: string): DwcpError {
  return new DwcpError("dwcp.protocol", `${path}: expected ${expected}`);
}
