export { type AeronConnection, connectAeron, type ConnectOptions } from "./connect.js";
export {
  type EmbeddedDriver,
  type EmbeddedDriverOptions,
  startEmbeddedDriver,
} from "./embedded-driver.js";
export { defaultAeronDir } from "./aeron-directory.js";
export { openDriver, type OpenDriver } from "./driver-directory.js";
export { BackoffIdle, type BackoffIdleOptions } from "./backoff-idle.js";
export { runDriver, type RunOptions } from "./run-driver.js";
