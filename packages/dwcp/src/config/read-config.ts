import { DwcpError } from "../errors.js";
import type { ConfigKey } from "./config-key.js";
import { type ConfigPath, type DwcpConfig, DwcpConfigTable } from "./config-table.js";

/** Something wrong with a configuration. */
export interface ConfigProblem {
  /** Where, such as `transport.minStreams`. */
  readonly path: string;
  /** What, with the value and what is allowed. */
  readonly problem: string;
}

/** A configuration, or everything that is wrong with it. */
export type ReadConfig =
  | { readonly kind: "config"; readonly config: DwcpConfig }
  | { readonly kind: "problems"; readonly problems: readonly ConfigProblem[] };

const table: ReadonlyMap<string, ConfigKey> = new Map(Object.entries(DwcpConfigTable));

/** Every path, in the order of the specification. */
export const configPaths: readonly ConfigPath[] = Object.keys(DwcpConfigTable) as ConfigPath[];

/**
 * Completes nested values, as a file holds them, with defaults, and checks all of them: every section, whether DWCP is enabled or not.
 *
 * @see spec/dwcp.md B16
 */
export function readConfig(nested: unknown): ReadConfig {
  const problems: ConfigProblem[] = [];
  const flat = new Map<string, unknown>();
  flatten(nested, "", flat, problems);
  const values: Record<string, unknown> = {};
  for (const [path, key] of table) {
    const given = flat.get(path);
    const wrong = given === undefined ? undefined : wrongWith(key, given);
    if (wrong !== undefined) problems.push({ path, problem: `${JSON.stringify(given)}: ${wrong}` });
    values[path] = given === undefined || wrong !== undefined ? key.default : given;
  }
  const config = values as DwcpConfig;
  problems.push(...conflicts(config).filter(({ path }) => !problems.some((p) => p.path === path)));
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "config", config };
}

/** As {@link readConfig}. @throws DwcpError `dwcp.invalid_config` naming every problem. */
export function requireConfig(nested: unknown): DwcpConfig {
  const read = readConfig(nested);
  if (read.kind === "config") return read.config;
  const text = read.problems.map(({ path, problem }) => `${path}: ${problem}`).join("; ");
  throw new DwcpError("dwcp.invalid_config", text);
}

/** Writes a configuration as a file would hold it. */
export function nestConfig(config: DwcpConfig): Readonly<Record<string, unknown>> {
  const root: Record<string, unknown> = {};
  for (const path of configPaths) {
    const names = path.split(".");
    const last = names.pop() ?? "";
    let at = root;
    for (const name of names) at = (at[name] ??= {}) as Record<string, unknown>;
    at[last] = config[path];
  }
  return root;
}

/** One key that differs between two configurations. */
export interface ConfigChange {
  /** Where, such as `transport.minStreams`. */
  readonly path: ConfigPath;
  /** The value before. */
  readonly from: unknown;
  /** The value after. */
  readonly to: unknown;
  /** Whether sessions have to be closed for it. */
  readonly applies: ConfigKey["applies"];
}

/** Lists what differs. */
export function diffConfig(from: DwcpConfig, to: DwcpConfig): readonly ConfigChange[] {
  return configPaths
    .filter((path) => JSON.stringify(from[path]) !== JSON.stringify(to[path]))
    .map((path) => {
      const { applies } = DwcpConfigTable[path];
      return { path, from: from[path], to: to[path], applies };
    });
}

/**
 * Reads what the environment overrides: `DWCP_TRANSPORT_MIN_STREAMS=4` is `transport.minStreams`. Lists are separated by commas.
 *
 * Names that begin with `DWCP_` and are no key are returned with their text, so that they are told as unknown.
 */
export function configFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, unknown>> {
  const byName = new Map(configPaths.map((path) => [environmentNameOf(path), path]));
  const nested: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(environment)) {
    if (!name.startsWith("DWCP_") || given === undefined) continue;
    const path = byName.get(name);
    if (path === undefined) nested[name] = given;
    else place(nested, path, valueOf(DwcpConfigTable[path].type, given));
  }
  return nested;
}

/** The variable that overrides a key. */
export function environmentNameOf(path: ConfigPath): string {
  return `DWCP_${path
    .replaceAll(/[A-Z]/g, (letter) => `_${letter}`)
    .replaceAll(".", "_")
    .toUpperCase()}`;
}

/** Lays `over` on `base`, key by key. Neither is changed. */
export function mergeNested(base: unknown, over: unknown): unknown {
  if (!isTable(base) || !isTable(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    merged[name] = Object.hasOwn(base, name) ? mergeNested(base[name], value) : value;
  }
  return merged;
}

function flatten(
  nested: unknown,
  prefix: string,
  into: Map<string, unknown>,
  problems: ConfigProblem[],
): void {
  if (!isTable(nested)) {
    problems.push({ path: prefix === "" ? "(all)" : prefix.slice(0, -1), problem: "no table" });
    return;
  }
  for (const [name, value] of Object.entries(nested)) {
    const path = prefix + name;
    if (table.has(path)) into.set(path, value);
    else if (isSection(`${path}.`)) flatten(value, `${path}.`, into, problems);
    else problems.push({ path, problem: "there is no such key" });
  }
}

function isSection(prefix: string): boolean {
  return configPaths.some((path) => path.startsWith(prefix));
}

function wrongWith(key: ConfigKey, value: unknown): string | undefined {
  switch (key.type) {
    case "boolean":
      return typeof value === "boolean" ? undefined : "true or false";
    case "text":
      return typeof value === "string" ? undefined : "a text";
    case "texts":
      return Array.isArray(value) && value.every((each) => typeof each === "string")
        ? undefined
        : "a list of texts";
    case "choice":
      return key.choices.some((each) => each === value)
        ? undefined
        : `one of ${key.choices.join(", ")}`;
    case "integer":
    case "number": {
      const zero = key.orZero === true ? "0, or " : "";
      const isNumber =
        key.type === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value);
      const number = value as number;
      const isIn = isNumber && number >= key.min && number <= key.max;
      if (isIn || (key.orZero === true && value === 0)) return undefined;
      return `${zero}${key.type === "integer" ? "an integer" : "a number"} from ${key.min} to ${key.max}`;
    }
  }
}

// What one key alone cannot tell.
function conflicts(config: DwcpConfig): readonly ConfigProblem[] {
  const found: ConfigProblem[] = [];
  const { "transport.minStreams": least, "transport.maxStreams": most } = config;
  const initial = config["transport.initialStreams"];
  if (most < least) {
    found.push({
      path: "transport.maxStreams",
      problem: `${most} is less than minStreams, ${least}`,
    });
  } else if (initial < least || initial > most) {
    const problem = `${initial} is not between minStreams and maxStreams, ${least} and ${most}`;
    found.push({ path: "transport.initialStreams", problem });
  }
  const total = config["transport.maxStreamsTotal"];
  if (total !== 0 && total < least) {
    const problem = `${total} is less than minStreams, ${least}: no session could have those`;
    found.push({ path: "transport.maxStreamsTotal", problem });
  }
  if (config["transport.provider"] === "rdma") {
    for (const path of ["transport.rdma.device", "transport.rdma.port"] as const) {
      if (config[path] === "" || config[path] === 0) {
        found.push({ path, problem: "provider rdma needs it" });
      }
    }
  }
  if (config.enabled && config["node.id"] === "") {
    found.push({ path: "node.id", problem: "an enabled node needs a name" });
  }
  for (const path of ["node.listen", "node.peers"] as const) {
    for (const address of [config[path]].flat()) {
      if (address !== "" && !isAddress(address)) {
        found.push({ path, problem: `${JSON.stringify(address)}: host:port` });
      }
    }
  }
  return found;
}

function isAddress(text: string): boolean {
  const port = /^.+:(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) <= 65_535;
}

function valueOf(type: ConfigKey["type"], given: string): unknown {
  if (type === "boolean" && (given === "true" || given === "false")) return given === "true";
  if (type === "integer" || type === "number") return given.trim() === "" ? given : Number(given);
  return type === "texts" ? given.split(",").filter((each) => each !== "") : given;
}

function place(nested: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split(".");
  const last = names.pop() ?? "";
  let at = nested;
  for (const name of names) at = (at[name] ??= {}) as Record<string, unknown>;
  at[last] = value;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
