import { expect, test } from "@jest/globals";
import {
  acceptWebTransportRpcSession,
  Connection,
  RpcTarget,
  webTransportConnector,
  type WebTransportConstructor,
  webTransportPair,
} from "@proj/capnweb-rpc";

class Main extends RpcTarget {
  readonly #name: string;
  constructor(name: string) {
    super();
    this.#name = name;
  }
  who() {
    return this.#name;
  }
  never(): Promise<string> {
    return new Promise(() => undefined);
  }
}

test("a connection over WebTransport comes back", async () => {
  const served: Disposable[] = [];
  // What `new` gives is the client's end of a pair; the other end is served.
  const Transport = function () {
    const { client, server } = webTransportPair();
    served.push(acceptWebTransportRpcSession(server, new Main(`server ${served.length}`)));
    return client;
  } as unknown as WebTransportConstructor;
  const connection = new Connection<Main>(
    webTransportConnector("https://example.invalid/rpc/wt", undefined, { WebTransport: Transport }),
    { reconnect: { baseMs: 1 } },
  );
  expect(await connection.main.who()).toBe("server 0");
  const inFlight = connection.main.never().then(
    () => undefined,
    (error: unknown) => error,
  );
  served[0]?.[Symbol.dispose]();
  expect(await inFlight).toMatchObject({ code: "capnweb.connection_lost" });
  expect(await connection.main.who()).toBe("server 1");
  connection.close();
});

test("a host without WebTransport fails the attempt", async () => {
  const connection = new Connection<Main>(webTransportConnector("https://example.invalid/"), {
    reconnect: false,
  });
  await expect(connection.opened()).rejects.toThrow("This host has no WebTransport");
});
