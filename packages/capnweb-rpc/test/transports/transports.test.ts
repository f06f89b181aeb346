import { afterEach, describe, expect, test } from "@jest/globals";
import * as ours from "@proj/capnweb-rpc";
import {
  newHttpBatchRpcResponse,
  newHttpBatchRpcSession,
  newWebSocketRpcSession,
  RpcTarget,
} from "@proj/capnweb-rpc";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { closeReason } from "#src/transports/close-reason.js";
import { WebSocket } from "ws";
import { NodeServer } from "../support/node-server.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

class Api extends RpcTarget {
  add(a: number, b: number) {
    return a + b;
  }
  never(): Promise<number> {
    return new Promise(() => undefined);
  }
  callBack(callback: () => number): Promise<number> {
    const later = Promise.resolve(callback);
    return later.then((call) => call());
  }
}

const servers: NodeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: ours.NodeHttpBatchOptions = {}): Promise<string> {
  const server = new NodeServer(ours, () => new Api(), options);
  servers.push(server);
  return server.listen();
}

function post(address: string, body: string): Promise<Response> {
  return fetch(`http://${address}`, { method: "POST", body });
}

describe("WebSocket", () => {
  test("a URL works on a host without a WebSocket of its own", async () => {
    const api = newWebSocketRpcSession<Api>(`ws://${await serve()}`);
    expect(await api.add(1, 2)).toBe(3);
    api[Symbol.dispose]();
  });

  test("a constructor may be given", async () => {
    const api = newWebSocketRpcSession<Api>(`ws://${await serve()}`, undefined, { WebSocket });
    expect(await api.add(1, 2)).toBe(3);
    api[Symbol.dispose]();
  });

  test("a peer that is not there is a failed connection", async () => {
    const api = newWebSocketRpcSession<Api>("ws://127.0.0.1:1");
    await expect(async () => await api.add(1, 2)).rejects.toThrow("WebSocket connection failed.");
  });

  test("a URL that is none fails like a connection, where an implementation has to be loaded", async () => {
    const { WebSocket: host } = globalThis as { WebSocket?: unknown };
    Reflect.deleteProperty(globalThis, "WebSocket");
    try {
      const api = newWebSocketRpcSession<Api>("ws://not a host:x/");
      await expect(async () => await api.add(1, 2)).rejects.toThrow("WebSocket connection failed.");
    } finally {
      if (host !== undefined) Object.assign(globalThis, { WebSocket: host });
    }
  });

  test("malformed and binary messages close with 3000 and the reason", async () => {
    const address = await serve();
    for (const message of ["nope", '["what"]', Buffer.from("[]")]) {
      const socket = new WebSocket(`ws://${address}`);
      const [code, reason] = await new Promise<[number, string]>((resolve) => {
        socket.on("open", () => socket.send(message));
        socket.on("close", (number, text) => resolve([number, text.toString()]));
      });
      expect(code).toBe(3000);
      expect(reason).toMatch(/bad RPC message|JSON/);
    }
    const api = newWebSocketRpcSession<Api>(`ws://${address}`);
    expect(await api.add(2, 2)).toBe(4);
    api[Symbol.dispose]();
  });

  test("the peer's close is told with code and reason", async () => {
    const address = await serve();
    const socket = new WebSocket(`ws://${address}`);
    const api = newWebSocketRpcSession<Api>(socket);
    await api.add(1, 1);
    const call = api.never();
    const waiting = call.then((n) => n);
    for (const server of servers.splice(0)) await server.close();
    await expect(waiting).rejects.toThrow("Peer closed WebSocket: 1006 ");
  });

  test("a close reason is cut between code points, at 123 bytes", () => {
    expect(closeReason(new Error("x".repeat(200)))).toBe("x".repeat(123));
    expect(closeReason("é".repeat(100))).toBe("é".repeat(61));
    expect(closeReason("😀".repeat(40))).toBe("😀".repeat(30));
    expect(closeReason("a\ud800b")).toBe("ab");
    expect(closeReason(undefined)).toBe("undefined");
  });
});

describe("HTTP batch server", () => {
  test("takes blank lines, carriage returns and a trailing newline", async () => {
    const body = '\r\n["push",["pipeline",0,["add"],[1,2]]]\r\n\n["pull",1]\n';
    const response = await post(await serve(), body);
    expect([response.status, await response.text()]).toEqual([200, '["resolve",1,3]']);
  });

  test("answers an empty batch with nothing", async () => {
    const response = await post(await serve(), "");
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  test.each(["nope", '["what"]', '["abort",["error","Error","bye"]]', '["pull",4]', "[]\n[]"])(
    "answers %j with 400 and one abort",
    async (body) => {
      const response = await post(await serve(), body);
      expect(response.status).toBe(400);
      expect(await response.text()).toMatch(/^\["abort",\["error",[^\n]*$/);
    },
  );

  test("is bounded in body, messages and time", async () => {
    const large = await post(await serve({ batch: { maxBodyBytes: 10 } }), '["push",[[1,2,3]]]');
    expect(large.status).toBe(413);
    const many = await post(await serve({ batch: { maxMessages: 1 } }), "[]\n[]");
    expect(many.status).toBe(413);
    const slow = await serve({ batch: { maxTimeMs: 500 } });
    const never = '["push",["pipeline",0,["never"],[]]]\n["pull",1]';
    const both = `${never}\n["push",["pipeline",0,["add"],[1,2]]]\n["pull",2]`;
    expect(await (await post(slow, both)).text()).toBe('["resolve",2,3]');
    const asking = '["push",["pipeline",0,["callBack"],[["export",-1]]]]\n["pull",1]';
    expect((await post(slow, asking)).status).toBe(200);
  });

  test("a body too large is let pass, and the connection goes on", async () => {
    const address = await serve({ batch: { maxBodyBytes: 1000 } });
    const large = await post(address, "x".repeat(3_000_000));
    expect(large.status).toBe(413);
    await large.text();
    const next = await post(address, '["push",["pipeline",0,["add"],[1,2]]]\n["pull",1]');
    expect(await next.text()).toBe('["resolve",1,3]');
  });

  test("a body that somebody else has read is an empty batch", async () => {
    const { createServer } = await import("node:http");
    const http = createServer((request, response) => {
      request.resume();
      request.on("end", () => {
        setTimeout(() => void ours.nodeHttpBatchRpcResponse(request, response, new Api()), 1);
      });
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const { port } = http.address() as { readonly port: number };
    const response = await post(`127.0.0.1:${port}`, '["pull",1]');
    expect([response.status, await response.text()]).toEqual([200, ""]);
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });

  test("takes nothing but POST", async () => {
    const node = await fetch(`http://${await serve()}`);
    expect([node.status, node.statusText, await node.text()]).toEqual([
      405,
      "This endpoint only accepts POST requests.",
      "",
    ]);
    const response = await newHttpBatchRpcResponse(new Request("http://x/"), new Api());
    expect([response.status, await response.text()]).toEqual([
      405,
      "This endpoint only accepts POST requests.",
    ]);
  });

  test("answers in the shape of fetch, with headers that can be changed", async () => {
    const body = '["push",["pipeline",0,["add"],[1,2]]]\n["pull",1]';
    const request = new Request("http://x/", { method: "POST", body });
    const response = await newHttpBatchRpcResponse(request, new Api());
    response.headers.set("x-more", "1");
    expect(response.headers.get("content-type")).toBe("text/plain;charset=UTF-8");
    expect(await response.text()).toBe('["resolve",1,3]');
  });

  test("a client that goes away ends its batch", async () => {
    const gone = new AbortController();
    const ended = new Promise<void>((resolve) => {
      class Waiting extends Api {
        override never(): Promise<number> {
          gone.abort();
          return super.never();
        }
        [Symbol.dispose]() {
          resolve();
        }
      }
      const body = '["push",["pipeline",0,["never"],[]]]\n["pull",1]';
      const request = new Request("http://x/", { method: "POST", body, signal: gone.signal });
      void newHttpBatchRpcResponse(request, new Waiting());
    });
    await ended;
  });

  test("disposes the main object when the answer is complete", async () => {
    let disposals = 0;
    class Once extends Api {
      [Symbol.dispose]() {
        disposals++;
      }
    }
    const body = '["push",["pipeline",0,["add"],[1,2]]]\n["pull",1]';
    await newHttpBatchRpcResponse(new Request("http://x/", { method: "POST", body }), new Once());
    expect(disposals).toBe(1);
  });
});

describe("HTTP batch client", () => {
  test("sends headers and credentials through a fetch of one's own", async () => {
    let seen: Request | undefined;
    const api = newHttpBatchRpcSession<Api>(new Request("http://x/", { headers: { a: "1" } }), {
      headers: { b: "2" },
      credentials: "include",
      fetch: (request) => {
        seen = request;
        return newHttpBatchRpcResponse(request, new Api());
      },
    });
    expect(await api.add(20, 22)).toBe(42);
    expect([seen?.method, seen?.headers.get("a"), seen?.headers.get("b")]).toEqual([
      "POST",
      "1",
      "2",
    ]);
    expect(seen?.credentials).toBe("include");
  });

  test.each([
    [new Response("no", { status: 503, statusText: "Busy" }), "RPC request failed: 503 Busy"],
    [new Response(null, { status: 204 }), "Batch RPC request ended."],
  ])("fails every call of an answer without results", async (response, text) => {
    const api = newHttpBatchRpcSession<Api>("http://x/", {
      fetch: () => Promise.resolve(response),
    });
    await expect(async () => await api.add(1, 2)).rejects.toThrow(text);
  });

  test("gives up in time", async () => {
    const api = newHttpBatchRpcSession<Api>(`http://${await serve()}`, { timeoutMs: 30 });
    await expect(async () => await api.never()).rejects.toThrow(/timeout|aborted/);
  });

  test("gives up in time whatever is collected meanwhile, and where fetch heeds no signal", async () => {
    const options = { timeoutMs: 100, fetch: () => new Promise<never>(() => undefined) };
    const api = newHttpBatchRpcSession<Api>("http://x/", options);
    const collecting = setInterval(collect, 10);
    try {
      await expect(async () => await api.never()).rejects.toThrow(/timeout/);
    } finally {
      clearInterval(collecting);
    }
  });

  test("is given up by a signal, at any time", async () => {
    const given = new AbortController();
    const url = `http://${await serve()}`;
    const never = async () =>
      await newHttpBatchRpcSession<Api>(url, { signal: given.signal }).never();
    setTimeout(() => given.abort(new Error("enough")), 20);
    await expect(never).rejects.toThrow("enough");
    // It has fired: the next one does not begin.
    await expect(never).rejects.toThrow("enough");
  });
});
