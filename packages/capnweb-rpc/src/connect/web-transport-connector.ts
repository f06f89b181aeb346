import {
  connectWebTransport,
  webTransportCarrier,
  type WebTransportSessionOptions,
} from "../web-transport/web-transport-session.js";
import type { Connector } from "./link.js";
import { transportConnector } from "./transport-connector.js";

/**
 * Makes a connector that opens a WebTransport to `url`, and is done when that is ready.
 *
 * @param localMain What the peer's main stub stands for, in every session.
 */
export function webTransportConnector<T>(
  url: string,
  localMain?: unknown,
  options: WebTransportSessionOptions = {},
): Connector<T> {
  return transportConnector<T>(
    async (signal) => {
      const transport = connectWebTransport(url, options);
      const giveUp = (): void => transport.close();
      signal.addEventListener("abort", giveUp, { once: true });
      await transport.ready;
      signal.removeEventListener("abort", giveUp);
      return webTransportCarrier(transport, options);
    },
    localMain,
    options,
  );
}
