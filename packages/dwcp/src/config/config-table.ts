import { compressionKeys } from "./compression-keys.js";
import type { ConfigValueOf } from "./config-key.js";
import { nodeKeys } from "./node-keys.js";
import { transportKeys } from "./transport-keys.js";

/** Every key of the configuration by its path. spec/dwcp.md B16 */
export const DwcpConfigTable: typeof nodeKeys & typeof transportKeys & typeof compressionKeys = {
  ...nodeKeys,
  ...transportKeys,
  ...compressionKeys,
};

/** The path of a key, such as `transport.minStreams`. */
export type ConfigPath = keyof typeof DwcpConfigTable;

/** A configuration that holds: a value for every path. */
export type DwcpConfig = {
  readonly [P in ConfigPath]: ConfigValueOf<(typeof DwcpConfigTable)[P]>;
};
