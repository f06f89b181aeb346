import * as ours from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { WebSocket } from "ws";

/* oxlint-disable typescript/no-explicit-any -- either implementation, without its types */

// Node 20 has none, and the reference looks at it.
Object.assign(globalThis, { WebSocket });

/** Either implementation, by the names both have. */
export interface Library {
  readonly name: string;
  readonly RpcTarget: new () => object;
  readonly RpcSession: new (transport: any, main?: unknown) => { getRemoteMain(): any };
  readonly newWebSocketRpcSession: (socket: any, main?: unknown) => any;
  readonly newHttpBatchRpcSession: (url: string) => any;
  readonly nodeHttpBatchRpcResponse: (request: any, response: any, main: unknown) => Promise<void>;
}

/** Ours first, then the one it is compared with. */
export const libraries: readonly [Library, Library] = [
  { name: "ours", ...(ours as unknown as Omit<Library, "name">) },
  { name: "capnweb 0.12", ...(reference as unknown as Omit<Library, "name">) },
];

/** Makes the class whose methods are called. */
export function apiOf({ RpcTarget }: Library): new () => object {
  return class Api extends RpcTarget {
    square(n: number) {
      return n * n;
    }
    size(bytes: Uint8Array) {
      return bytes.length;
    }
    numbers(count: number) {
      return Array.from({ length: count }, (_, at) => at);
    }
  };
}
