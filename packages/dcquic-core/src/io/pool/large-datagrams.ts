import type { EngineConfig } from "../../engine/config.js";
import { WireLimit } from "../../wire/constants.js";

/** What decides how large datagrams may become. */
export interface DatagramSetting {
  /** Where a pool binds. */
  readonly host: string;
  /** What its engine was told. */
  readonly engine?: Partial<EngineConfig>;
}

/**
 * Lets a pool on the loopback interface find out that large datagrams pass, unless it was told how large they may be: what
 * costs by the packet costs a sixth. Elsewhere networks differ, and what is larger than they take is the administrator's
 * choice.
 *
 * @see spec/dcquic.md §14, §17.7
 */
export function withLargeDatagrams<Setting extends DatagramSetting>(setting: Setting): Setting {
  const isLoopback = setting.host.startsWith("127.") || setting.host === "::1";
  if (!isLoopback || setting.engine?.mtuMaxBytes !== undefined) return setting;
  return { ...setting, engine: { ...setting.engine, mtuMaxBytes: WireLimit.maxDatagramBytes } };
}
