import { readFileSync } from "node:fs";
import type { ClientTls, ServerTls } from "@proj/xcp-framing/node";

// Compiled tests lie in dist-test/support, the fixtures stay in test/.
const folder = new URL("../../test/fixtures/tls/", import.meta.url);

/** Reads one PEM file of the fixtures: `server.cert`, `client.key`, … */
export function pem(name: string): string {
  return readFileSync(new URL(`${name}.pem`, folder), "utf8");
}

/** A server for localhost. */
export function serverTls(): ServerTls {
  return { cert: pem("server.cert"), key: pem("server.key") };
}

/** A server that admits only clients of the test authority. */
export function mutualServerTls(): ServerTls {
  return { ...serverTls(), clientCa: pem("authority.cert") };
}

/** A client that trusts the test authority. */
export function clientTls(): ClientTls {
  return { ca: pem("authority.cert") };
}

/** A client with a certificate, `client` (admitted) or `intruder` (not). */
export function clientTlsAs(name: "client" | "intruder"): ClientTls {
  return { ...clientTls(), cert: pem(`${name}.cert`), key: pem(`${name}.key`) };
}
