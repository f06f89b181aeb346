import type { RotationOptions } from "./client-options.js";
import type { Connection } from "./connection.js";
import type { Platform } from "./platform.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const ROTATE_BYTES = 2_000_000_000;
const CHECK_MS = 1000;

/**
 * Calls `listener` once when the keys of a connection over TLS were used long enough or for enough bytes.
 *
 * Where the platform cannot update them, as Node cannot, a new connection has new ones. spec/xcp.md §12
 */
export function onKeysOld(
  connection: Pick<Connection, "info" | "busiestBytes" | "closed">,
  options: {
    readonly rotation?: "never" | RotationOptions;
    readonly platform: Pick<Platform, "time">;
  },
  listener: () => void,
): void {
  const { rotation } = options;
  const { time } = options.platform;
  const { secure, transport } = connection.info;
  if (rotation === "never" || !secure || transport === "memory" || transport === "unix") return;
  const maxAgeMs = rotation?.maxAgeMs ?? DAY_MS;
  const maxBytes = rotation?.maxBytes ?? ROTATE_BYTES;
  const bornUs = time.nowUs();
  const checkUs = Math.min(maxAgeMs, CHECK_MS) * 1000;
  const check = (): void => {
    const aged = time.nowUs() - bornUs >= maxAgeMs * 1000;
    if (aged || connection.busiestBytes >= maxBytes) listener();
    else timer = time.schedule(checkUs, check);
  };
  let timer = time.schedule(checkUs, check);
  void connection.closed.then(() => timer.cancel());
}
