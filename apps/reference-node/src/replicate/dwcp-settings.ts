import { mergeNested } from "@proj/dwcp";
import type { DwcpConfig } from "./dwcp-config.js";

const MIN_STREAMS = 16;
const INITIAL_STREAMS = 32;

/** Puts what `[dwcp]` says over the settings of DWCP: who the node is, where it listens, that it is on. */
export function settingsOf(found: unknown, dwcp: DwcpConfig, nodeId: string): unknown {
  const { host, port, max_streams: most, max_streams_total: total, settings_file: file } = dwcp;
  const streams = {
    minStreams: Math.min(MIN_STREAMS, most, total === 0 ? most : total),
    initialStreams: Math.min(INITIAL_STREAMS, most),
    maxStreams: most,
    maxStreamsTotal: total,
  };
  const listen = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return mergeNested(mergeNested(file === undefined ? { transport: streams } : {}, found), {
    enabled: true,
    node: { id: nodeId, listen },
    security: { mode: "psk" },
  });
}
