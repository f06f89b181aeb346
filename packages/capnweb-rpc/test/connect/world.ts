import {
  Connection,
  type ConnectionOptions,
  RpcSession,
  RpcTarget,
  type SessionGroup,
  transportConnector,
} from "@proj/capnweb-rpc";
import { ManualTime, SeededRandom } from "@proj/wire-types";
import { MemoryTransport, turns } from "../support/memory-transport.js";

/** What the servers of a {@link World} serve. */
export class Api extends RpcTarget {
  readonly name: () => string;
  constructor(name: string) {
    super();
    this.name = () => name;
  }
  who() {
    return this.name();
  }
  add(a: number, b: number) {
    return a + b;
  }
  list() {
    return [1, 2];
  }
  never(): Promise<number> {
    return new Promise(() => undefined);
  }
  call(callback: () => string) {
    return callback();
  }
}

/** Servers in memory that come and go, in virtual time. */
export class World {
  readonly time = new ManualTime();
  readonly servers: { readonly session: RpcSession; readonly transport: MemoryTransport }[] = [];
  readonly clients: MemoryTransport[] = [];
  down = false;

  connect(options: ConnectionOptions<Api> = {}): Connection<Api> {
    return new Connection<Api>(this.connector(), this.options(options));
  }

  options<const O extends object>(options: O): O & Pick<ConnectionOptions, "time" | "random"> {
    return { time: this.time, random: new SeededRandom(1), ...options };
  }

  connector(group?: SessionGroup) {
    return transportConnector<Api>(() => {
      if (this.down) throw new Error("refused");
      const [client, server] = MemoryTransport.pair();
      const session = new RpcSession(server, new Api(`server ${this.servers.length}`), {
        hooks: group?.hooks,
      });
      group?.add({
        session,
        close: (code) => void turns().then(() => client.lose(new Error(`closed: ${code}`))),
      });
      this.servers.push({ session, transport: server });
      this.clients.push(client);
      return client;
    });
  }

  async lose(): Promise<void> {
    this.clients.at(-1)?.lose(new Error("cable cut"));
    this.servers.at(-1)?.transport.lose(new Error("cable cut"));
    await turns();
  }

  async advance(ms: number): Promise<void> {
    this.time.advance(ms * 1000);
    await turns();
  }
}
