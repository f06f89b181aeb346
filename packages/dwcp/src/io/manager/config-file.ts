import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { configFromEnvironment, mergeNested } from "../../config/read-config.js";
import { DwcpError } from "../../errors.js";

/**
 * Reads a configuration file, YAML or JSON, with what the environment overrides. It is not checked yet: a manager does that.
 *
 * @throws DwcpError `dwcp.invalid_config` when it cannot be read
 */
export function readConfigFile(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): unknown {
  try {
    // JSON is YAML.
    const file: unknown = parse(readFileSync(path, "utf8")) ?? {};
    return mergeNested(file, configFromEnvironment(environment));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DwcpError("dwcp.invalid_config", `${path} cannot be read: ${reason}`, { cause });
  }
}
