import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Where an HTTP server of the node listens. */
export interface HttpAddress {
  /** Address. */
  readonly host: string;
  /** Port; 0 lets the system choose. */
  readonly port: number;
}

/**
 * Starts listening and answers the origin: `http://host:port`.
 *
 * @throws Error as `server.listen` fails, with `code` such as `EADDRINUSE`.
 */
export async function listenHttp(server: Server, { host, port }: HttpAddress): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port: taken } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${taken}`;
}
