export { nodeCrypto } from "./node-crypto.js";
export {
  type HandshakeCredentials,
  handshakeOverTls,
  type TlsHandshakeOptions,
  type TlsHandshakeResult,
} from "./tls-handshake.js";
export type { UdpAddress } from "./peer-addresses.js";
export { PORTABLE_CONFIG, UdpDriver, type UdpDriverOptions } from "./udp-driver.js";
