export { nodeCrypto } from "./node-crypto.js";
export {
  type HandshakeCredentials,
  handshakeOverTls,
  type TlsHandshakeOptions,
  type TlsHandshakeResult,
} from "./tls-handshake.js";
