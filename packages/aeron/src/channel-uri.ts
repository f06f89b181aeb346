import { AeronError } from "./errors.js";

/** A channel: `aeron:ipc?term-length=64k|alias=x`. spec/aeron.md §10 */
export interface ChannelUri {
  /** The prefix before `aeron:`, such as `aeron-spy`. */
  readonly prefix?: string;
  /** How messages travel. */
  readonly media: "ipc" | "udp";
  /** The parameters, in order. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Characters that a channel may have. */
const MAX_CHANNEL_LENGTH = 4_096;

/** Reads a channel. @throws {@link AeronError} `aeron.channel_invalid` */
export function parseChannel(text: string): ChannelUri {
  if (text.length > MAX_CHANNEL_LENGTH) throw invalid(text.slice(0, 40), "it is too long");
  const match = /^(?:([a-z-]+):)?aeron:(ipc|udp)(?:\?(.*))?$/.exec(text);
  if (match === null) throw invalid(text, "expected aeron:ipc or aeron:udp");
  const [, prefix, media, query] = match;
  const parameters = new Map<string, string>();
  for (const part of query === undefined || query === "" ? [] : query.split("|")) {
    const equals = part.indexOf("=");
    const key = part.slice(0, equals);
    if (equals <= 0) throw invalid(text, `"${part}" is no key=value`);
    if (parameters.has(key)) throw invalid(text, `${key} is given twice`);
    parameters.set(key, part.slice(equals + 1));
  }
  return {
    ...(prefix === undefined ? {} : { prefix }),
    media: media === "udp" ? "udp" : "ipc",
    parameters,
  };
}

/** Writes a channel. */
export function formatChannel(uri: ChannelUri): string {
  const prefix = uri.prefix === undefined ? "" : `${uri.prefix}:`;
  const query = [...uri.parameters].map(([key, value]) => `${key}=${value}`).join("|");
  return `${prefix}aeron:${uri.media}${query === "" ? "" : `?${query}`}`;
}

/** Reads a size such as `64k`, `16m`, `1g` or a number of bytes. @throws {@link AeronError} `aeron.channel_invalid` */
export function parseSize(key: string, text: string): number {
  const match = /^(\d{1,10})([kmg]?)$/i.exec(text);
  if (match === null) throw new AeronError("aeron.channel_invalid", `${key}=${text} is no size`);
  const [, digits = "", suffix = ""] = match;
  const factors = new Map([
    ["", 1],
    ["k", 1_024],
    ["m", 1_048_576],
    ["g", 1_073_741_824],
  ]);
  return Number(digits) * (factors.get(suffix.toLowerCase()) ?? 1);
}

/** Reads a signed 32-bit number. @throws {@link AeronError} `aeron.channel_invalid` */
export function parseInt32(key: string, text: string): number {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value === (value | 0)) return value;
  throw new AeronError("aeron.channel_invalid", `${key}=${text} is no 32-bit number`);
}

/** Reads `true` or `false`. @throws {@link AeronError} `aeron.channel_invalid` */
export function parseFlag(key: string, text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new AeronError("aeron.channel_invalid", `${key}=${text} is neither true nor false`);
}

function invalid(text: string, reason: string): AeronError {
  return new AeronError("aeron.channel_invalid", `channel ${JSON.stringify(text)}: ${reason}`);
}
