import type { ConfigChoice } from "../../config/resolve-dcquic-config.js";
import type { EngineConfig } from "../../engine/config.js";
import { WireLimit } from "../../wire/constants.js";

/** What decides how large datagrams may become, and how fast they may go. */
export interface LoopbackSetting {
  /** Where a pool binds. */
  readonly host: string;
  /** What its engine was told. */
  readonly engine?: Partial<EngineConfig>;
  /** What the pool was told, which names its cards and their rates. */
  readonly settings?: ConfigChoice;
}

// 20 Gbit/s: more than one processor seals, copies and opens. With twice as much, pulls are taken for late where others want it, too.
const RATE = 2.5e9;

/**
 * Tells a pool on the loopback interface what is so there, unless it was told otherwise. Large datagrams pass, which it finds
 * out by probing: what costs by the packet costs a sixth. And there is no card to be paced for: the processor is the
 * bottleneck. Elsewhere networks differ: what is larger than they take, and faster than 10 Gbit/s, is the administrator's choice.
 *
 * @see spec/dcquic.md §12, §14, §17.7
 */
export function withLoopbackSetting<Setting extends LoopbackSetting>(setting: Setting): Setting {
  const isLoopback = setting.host.startsWith("127.") || setting.host === "::1";
  if (!isLoopback) return setting;
  const { engine = {}, settings } = setting;
  const { mtuMaxBytes = WireLimit.maxDatagramBytes, nicBytesPerSecond = RATE } = engine;
  const rate = settings === undefined ? { nicBytesPerSecond } : {};
  return { ...setting, engine: { ...engine, ...rate, mtuMaxBytes } };
}
