import { createHash } from "node:crypto";
import type { DwcpConfig } from "../../config/config-table.js";
import { type ConfigChange, diffConfig, requireConfig } from "../../config/read-config.js";
import { DwcpError } from "../../errors.js";

/** A configuration that is, or was, in force. */
export interface ConfigVersion {
  /** Complete, with the defaults. */
  readonly config: DwcpConfig;
  /** Names it: changes have to name the one that they change. */
  readonly etag: string;
}

/** What a change is asked with. */
export interface ChangeTerms {
  /** The configuration that the caller has seen. */
  readonly etag: string;
  /** Whether sessions may be closed; transfers go on afterwards. */
  readonly allowRestart: boolean;
}

/** A change that may be made. */
export interface PlannedChange {
  readonly next: DwcpConfig;
  readonly changes: readonly ConfigChange[];
  readonly restarts: boolean;
}

const HISTORY = 20;

/** The configuration in force, and those before it. spec/dwcp.md B16 */
export class ConfigHistory {
  readonly #versions: ConfigVersion[];
  #current: ConfigVersion;

  /** @throws DwcpError `dwcp.invalid_config` naming every problem. */
  constructor(nested: unknown) {
    this.#current = versionOf(requireConfig(nested));
    this.#versions = [this.#current];
  }

  /** The one in force. */
  get current(): ConfigVersion {
    return this.#current;
  }

  /** The oldest first; the last one is in force. */
  get versions(): readonly ConfigVersion[] {
    return this.#versions;
  }

  /**
   * Checks a change without making it.
   *
   * @throws DwcpError `dwcp.invalid_config` with every problem, `dwcp.conflict` where somebody else was faster
   */
  plan(nested: unknown, { etag, allowRestart }: ChangeTerms): PlannedChange {
    if (etag !== this.#current.etag) {
      throw new DwcpError("dwcp.conflict", "the configuration was changed meanwhile");
    }
    const next = requireConfig(nested);
    const changes = diffConfig(this.#current.config, next);
    const restarting = changes.filter(({ applies }) => applies === "restart");
    if (restarting.length > 0 && !allowRestart) {
      const paths = restarting.map(({ path }) => path).join(", ");
      throw new DwcpError(
        "dwcp.invalid_config",
        `${paths}: needs a restart that was not asked for`,
      );
    }
    return { next, changes, restarts: restarting.length > 0 };
  }

  /** Puts a configuration in force. */
  enter(config: DwcpConfig): void {
    this.#current = versionOf(config);
    this.#versions.push(this.#current);
    if (this.#versions.length > HISTORY) this.#versions.shift();
  }

  /** Takes the last one back: it could not run. */
  takeBack(before: ConfigVersion): void {
    this.#versions.pop();
    this.#current = before;
  }
}

function versionOf(config: DwcpConfig): ConfigVersion {
  const etag = createHash("sha256").update(JSON.stringify(config)).digest("hex").slice(0, 16);
  return { config, etag };
}
