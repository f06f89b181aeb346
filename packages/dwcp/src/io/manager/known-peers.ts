import type { DwcpConfig } from "../../config/config-table.js";
import { DwcpError } from "../../errors.js";
import type { PeerAddress } from "../net/link-options.js";

/** Requires that a peer is one of `node.peers`, where any are listed. @throws DwcpError `dwcp.invalid_config` */
export function requireKnownPeer({ host, port }: PeerAddress, config: DwcpConfig): void {
  const known = config["node.peers"];
  const peer = `${host}:${port}`;
  if (known.length === 0 || known.includes(peer)) return;
  throw new DwcpError("dwcp.invalid_config", `node.peers does not list ${peer}`);
}
