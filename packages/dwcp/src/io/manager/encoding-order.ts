import type { DwcpConfig } from "../../config/config-table.js";
import type { SendRequest } from "../transfer/send-request.js";

/** Says how objects are encoded, by the configuration in force. spec/dwcp.md B16 */
export function encodingOrderOf(
  config: DwcpConfig,
): Pick<SendRequest, "level" | "adaptive" | "algorithm" | "minRatio" | "sendAheadUnits"> {
  const level = config["compression.enabled"] ? config["compression.level"] : 0;
  return {
    level,
    adaptive: level > 0 && config["compression.adaptive"],
    algorithm: config["compression.delta"] ? config["compression.deltaAlgorithm"] : "none",
    minRatio: config["compression.minRatio"],
    sendAheadUnits: config["transport.sendAheadUnits"],
  };
}
