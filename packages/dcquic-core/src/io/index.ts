export { nodeCrypto } from "./node-crypto.js";
export {
  type HandshakeCredentials,
  handshakeOverTls,
  type TlsHandshakeOptions,
  type TlsHandshakeResult,
} from "./tls-handshake.js";
export type { HandedPacket, OutgoingPacket, UdpAddress } from "./peer-addresses.js";
export { PORTABLE_CONFIG, UdpDriver, type UdpDriverOptions } from "./udp-driver.js";
export { NativeDriver } from "./native/native-driver.js";
export {
  NATIVE_CONFIG,
  type NativeDriverOptions,
  type Polling,
  SHARED_THREAD_CONFIG,
} from "./native/native-driver-options.js";
export type { NativeWireOptions } from "./native/native-wire.js";
export { ringCrypto } from "./ring-crypto.js";
export type { EngineHostOptions } from "./engine-host.js";
export { discoverNics, type DiscoverNicsOptions } from "./pool/discover-nics.js";
export { createTransportPool, type TransportPoolConfig } from "./pool/create-transport-pool.js";
export type {
  BindDriver,
  BindOptions,
  PathCommands,
  PoolDriver,
  Sender,
} from "./pool/pool-driver.js";
export type { ThreadSettings } from "./thread/thread-settings.js";
export {
  bindBest,
  bindNative,
  bindSpinning,
  bindThread,
  type ChosenDriver,
} from "./bind-driver.js";
export type { SocketSettings } from "./socket-settings.js";
export type { ThreadAnnounce, ThreadCommand } from "./thread/thread-messages.js";
export { EngineThread, type EngineThreadOptions, type ThreadCall } from "./thread/engine-thread.js";
export type { ThreadPort } from "./thread/thread-port.js";
export { type AttachPoolOptions, attachPool, sharePool } from "./pool/share-pool.js";
export { unixEpochUs } from "./unix-epoch.js";
export { type Durability, fileTarget } from "./pool/file-target.js";
export type { RmaSideOptions } from "./rma/rma-side.js";
