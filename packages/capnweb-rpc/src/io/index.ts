export { type DevelopmentCertificate, developmentCertificate } from "./development-certificate.js";
export { Http3WebTransport, type Http3WebTransportOptions } from "./http3-web-transport.js";
export type { ServerCertificate } from "./quic-settings.js";
export {
  serveWebTransport,
  type ServeWebTransportOptions,
  type WebTransportServer,
} from "./serve-web-transport.js";
