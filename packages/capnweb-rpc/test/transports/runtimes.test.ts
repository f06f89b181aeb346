import { afterEach, describe, expect, test } from "@jest/globals";
import * as bun from "#src/bun/index.js";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { both, failureOf, libraries, type Library, type Stub } from "../support/implementations.js";
import { turns } from "../support/memory-transport.js";

// Its package gives this entry to Bun alone.
const bunEntry = new URL(
  "index-bun.js",
  pathToFileURL(createRequire(import.meta.url).resolve("capnweb")),
);
const referenceBun = (await import(bunEntry.href)) as Library;
const entries: Record<"ours" | "reference", Library> = { ours: bun, reference: referenceBun };

class FakeSocket {
  data: Stub;
  readonly sent: string[] = [];
  readonly closed: unknown[][] = [];
  send(message: string): number {
    this.sent.push(message);
    return message.length;
  }
  close(...args: unknown[]): void {
    this.closed.push(args);
  }
}

describe.each(both)("Bun's entry of %s", (name) => {
  const { BunWebSocketTransport, newBunWebSocketRpcHandler, newBunWebSocketRpcSession, RpcTarget } =
    entries[name];
  class Api extends RpcTarget {
    add(a: number, b: number) {
      return a + b;
    }
  }
  const received = (act: (transport: Stub) => void) => {
    const transport = new BunWebSocketTransport(new FakeSocket());
    const message = transport.receive();
    act(transport);
    return message;
  };

  test("takes text and bytes", async () => {
    expect(await received((t) => t.dispatchMessage("hi"))).toBe("hi");
    expect(await received((t) => t.dispatchMessage(Buffer.from("hé")))).toBe("hé");
  });

  test("tells how the connection ended", async () => {
    expect(await failureOf(() => received((t) => t.dispatchClose(1001, "away")))).toBe(
      "Error: Peer closed WebSocket: 1001 away",
    );
    expect(await failureOf(() => received((t) => t.dispatchError(new Error("boom"))))).toBe(
      "Error: WebSocket connection failed.",
    );
  });

  test("closes with 3000 and the reason", () => {
    const socket = new FakeSocket();
    new BunWebSocketTransport(socket).abort(new Error("over"));
    expect(socket.closed).toEqual([[3000, "over"]]);
  });

  test("the handler runs a session on every socket", async () => {
    const handler = newBunWebSocketRpcHandler(() => new Api());
    const socket = new FakeSocket();
    handler.open(socket);
    expect(Object.keys(socket.data)).toEqual(["__capnwebTransport", "__capnwebStub"]);
    const broken: string[] = [];
    // oxlint-disable-next-line no-underscore-dangle -- the reference's name
    socket.data.__capnwebStub.onRpcBroken((error: Error) => broken.push(error.message));
    handler.message(socket, '["push",["pipeline",0,["add"],[1,2]]]');
    handler.message(socket, Buffer.from('["pull",1]'));
    await turns();
    expect(socket.sent).toEqual(['["resolve",1,3]']);
    handler.close(socket, 1000, "bye");
    await turns();
    expect(broken).toEqual(["Peer closed WebSocket: 1000 bye"]);
  });

  test("a session answers with its stub and its transport", () => {
    const { stub, transport } = newBunWebSocketRpcSession(new FakeSocket(), new Api());
    expect(String(stub)).toBe("[object RpcStub]");
    expect(transport).toBeInstanceOf(BunWebSocketTransport);
  });
});

test("Bun's sockets too get only as much of a reason as a close frame holds", () => {
  const socket = new FakeSocket();
  new bun.BunWebSocketTransport(socket).abort(new Error("é".repeat(100)));
  expect(socket.closed).toEqual([[3000, "é".repeat(61)]]);
});

const { Response: HostResponse } = globalThis;
afterEach(() => {
  globalThis.Response = HostResponse;
  Reflect.deleteProperty(globalThis, "WebSocketPair");
});

describe.each(both)("Workers responses of %s", (name) => {
  const { newWorkersRpcResponse, newWorkersWebSocketRpcResponse, RpcTarget } = libraries[name];
  const told = async (response: Response) => [response.status, await response.text()];

  test("refuse what is neither a batch nor an upgrade", async () => {
    expect(await told(newWorkersWebSocketRpcResponse(new Request("http://x/")))).toEqual([
      400,
      "This endpoint only accepts WebSocket requests.",
    ]);
    expect(await told(await newWorkersRpcResponse(new Request("http://x/")))).toEqual([
      400,
      "This endpoint only accepts POST or WebSocket requests.",
    ]);
  });

  test("answer batches to pages of any site", async () => {
    const request = new Request("http://x/", { method: "POST", body: "" });
    const response = await newWorkersRpcResponse(request, new RpcTarget());
    expect(response.status).toBe(200);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("upgrade: the server's end is accepted, the other goes to the client", async () => {
    const events: string[] = [];
    const end = (which: string) => ({
      which,
      readyState: 1,
      accept: () => events.push(`${which} accepted`),
      addEventListener: (type: string) => events.push(`${which} ${type}`),
      send: () => undefined,
      close: () => undefined,
    });
    Object.assign(globalThis, {
      WebSocket: { CONNECTING: 0 },
      WebSocketPair: class {
        0 = end("server");
        1 = end("client");
      },
      // Node's refuses 101.
      Response: class {
        readonly body: unknown;
        constructor(body: unknown, init: object) {
          this.body = body;
          Object.assign(this, init);
        }
      },
    });
    const request = { method: "GET", headers: new Headers({ Upgrade: "WebSocket" }) };
    const response = await newWorkersRpcResponse(request, new RpcTarget());
    expect(response).toMatchObject({ status: 101, body: null, webSocket: { which: "client" } });
    expect(events[0]).toBe("server accepted");
    expect(events.slice(1).toSorted()).toEqual(["server close", "server error", "server message"]);
  });
});

test("Workers get the runtime's RpcTarget", () => {
  const program = fileURLToPath(new URL("../support/workers-program.js", import.meta.url));
  const output = execFileSync(process.execPath, ["--conditions=workerd", program], {
    encoding: "utf8",
  });
  expect(output).toBe('["resolve",1,42]');
});
