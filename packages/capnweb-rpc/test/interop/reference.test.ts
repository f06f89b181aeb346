import { afterEach, describe, expect, test } from "@jest/globals";
import * as ours from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { batchSuite, duplexSuite } from "../support/duplex-suite.js";
import { interopMain } from "../support/interop-main.js";
import { cloneInRealm } from "../support/realm-clone.js";
import { NodeServer, type ServerLibrary } from "../support/node-server.js";

/* oxlint-disable typescript/no-explicit-any -- either implementation, without its types */
type Library = Record<string, any>;
type Stub = any;

cloneInRealm();
// Node 20 has none, and the reference takes it from there.
Object.assign(globalThis, { WebSocket });

const libraries: Record<string, Library> = { ours, reference };
const pairs = [
  ["ours", "ours"],
  ["ours", "reference"],
  ["reference", "ours"],
] as const;
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(server: string): Promise<string> {
  const library = libraries[server] ?? {};
  const Main = interopMain(library["RpcTarget"]);
  const node = new NodeServer(library as ServerLibrary, () => new Main());
  closers.push(() => node.close());
  return node.listen();
}

const duplex: Record<string, (client: string, server: string) => Promise<Stub>> = {
  WebSocket: async (client, server) => {
    const socket = new WebSocket(`ws://${await serve(server)}`);
    closers.push(() => socket.terminate());
    return libraries[client]?.["newWebSocketRpcSession"](socket);
  },
};

describe.each(pairs)("client %s, server %s", (client, server) => {
  describe.each(Object.keys(duplex))("over a %s", (kind) => {
    duplexSuite(() => duplex[kind]?.(client, server) as Promise<Stub>);
  });

  test("over a MessagePort", () => {
    const program = fileURLToPath(new URL("../support/message-port-program.js", import.meta.url));
    const output = execFileSync(process.execPath, [program, client, server], {
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(output).toBe("ok");
  });

  batchSuite(async () =>
    libraries[client]?.["newHttpBatchRpcSession"](`http://${await serve(server)}`),
  );
});
