import { afterEach, describe, expect, test } from "@jest/globals";
import * as ours from "@proj/capnweb-rpc";
import {
  type HttpBatchServerOptions,
  newHttpBatchRpcResponse,
  newHttpBatchRpcSession,
  RpcTarget,
} from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { request } from "node:http";
import { NodeServer } from "../support/node-server.js";

/* oxlint-disable typescript/no-explicit-any -- what a peer offers is not typed here */
type Stub = any;

/** A call that is answered when the test says so. */
class Gate extends RpcTarget {
  readonly #open: Promise<string>;
  readonly disposed: Promise<void>;
  open: () => void = () => undefined;
  #dispose: () => void = () => undefined;

  constructor() {
    super();
    this.#open = new Promise((resolve) => {
      this.open = () => resolve("slow");
    });
    this.disposed = new Promise((resolve) => {
      this.#dispose = resolve;
    });
  }
  quick(text = "quick") {
    return text;
  }
  slow() {
    return this.#open;
  }
  [Symbol.dispose]() {
    this.#dispose();
  }
}

const servers: NodeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function listen(gate: Gate, options: HttpBatchServerOptions): Promise<string> {
  const server = new NodeServer(ours, () => gate, options);
  servers.push(server);
  return `http://${await server.listen()}`;
}

async function connect(kind: "Node" | "fetch", gate: Gate): Promise<Stub> {
  const options = { streamAnswer: true };
  if (kind === "Node") return newHttpBatchRpcSession(await listen(gate, options), options);
  const fetch = (asked: Request) => newHttpBatchRpcResponse(asked, gate, options);
  return newHttpBatchRpcSession("http://x/", { fetch, ...options });
}

const line = (id: number, method: string) =>
  `["push",["pipeline",0,["${method}"],[]]]\n["pull",${id}]`;

describe.each(["Node", "fetch"] as const)("an answer that is streamed, over %s", (kind) => {
  test("a result is there before the slowest of its batch", async () => {
    const gate = new Gate();
    const main = await connect(kind, gate);
    const slow = main.slow().then((text: string) => text);
    const wide = main.quick("é😀".repeat(3000)).then((text: string) => text);
    expect(await main.quick()).toBe("quick");
    expect(await wide).toBe("é😀".repeat(3000));
    gate.open();
    expect(await slow).toBe("slow");
    await gate.disposed;
  });

  test("what is all there at once leaves in one piece", async () => {
    const main = await connect(kind, new Gate());
    expect(await Promise.all([main.quick(), main.quick("b")])).toEqual(["quick", "b"]);
  });
});

describe("an answer that is streamed", () => {
  test("holds the same messages, and tells of its length only when it is whole", async () => {
    const gate = new Gate();
    const url = await listen(gate, { streamAnswer: true });
    const headers = { accept: "application/x-ndjson" };
    const whole = await fetch(url, { method: "POST", headers, body: line(1, "quick") });
    expect([whole.headers.get("content-length"), await whole.text()]).toEqual([
      "21",
      '["resolve",1,"quick"]',
    ]);
    const body = `${line(1, "quick")}\n${line(2, "slow")}`;
    const parts = await fetch(url, { method: "POST", headers, body });
    expect(parts.headers.get("content-length")).toBeNull();
    expect(parts.headers.get("content-type")).toBe("application/x-ndjson");
    gate.open();
    expect(await parts.text()).toBe('["resolve",1,"quick"]\n["resolve",2,"slow"]\n');
  });

  test("a reference client, which does not ask, gets it in one piece", async () => {
    const gate = new Gate();
    const url = await listen(gate, { streamAnswer: true });
    const main: Stub = reference.newHttpBatchRpcSession(url);
    const both = Promise.all([main.quick(), main.slow()]);
    setTimeout(gate.open, 20);
    expect(await both).toEqual(["quick", "slow"]);
  });

  test("a reference server, asked for it, answers as always", async () => {
    class Api extends reference.RpcTarget {
      quick() {
        return "quick";
      }
    }
    const server = new NodeServer(reference as never, () => new Api());
    servers.push(server);
    const url = `http://${await server.listen()}`;
    const main: Stub = newHttpBatchRpcSession(url, { streamAnswer: true });
    expect(await main.quick()).toBe("quick");
  });

  test("what is malformed is still refused with 400", async () => {
    const url = await listen(new Gate(), { streamAnswer: true });
    const answer = await fetch(url, { method: "POST", body: `${line(1, "slow")}\n["what"]` });
    expect([answer.status, (await answer.text()).slice(0, 8)]).toEqual([400, '["abort"']);
  });

  test("the time is bounded as ever", async () => {
    const options = { streamAnswer: true, batch: { maxTimeMs: 500 } };
    const main: Stub = newHttpBatchRpcSession(await listen(new Gate(), options), options);
    const slow = main.slow().then(
      () => "answered",
      (error: Error) => error.message,
    );
    expect(await main.quick()).toBe("quick");
    expect(await slow).toBe("Batch RPC request ended.");
  });

  test("a client that goes away in the middle ends the batch", async () => {
    const gate = new Gate();
    const url = await listen(gate, { streamAnswer: true });
    const headers = { accept: "text/html, application/x-ndjson" };
    const asked = request(url, { method: "POST", headers }, (response) => {
      response.once("data", () => asked.destroy());
    });
    asked.on("error", () => undefined);
    asked.end(`${line(1, "quick")}\n${line(2, "slow")}`);
    await gate.disposed;

    const other = new Gate();
    const body = `${line(1, "quick")}\n${line(2, "slow")}`;
    const post = new Request("http://x/", { method: "POST", headers, body });
    const response = await newHttpBatchRpcResponse(post, other, { streamAnswer: true });
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    await response.body?.cancel();
    await other.disposed;
  });

  test("one that breaks off fails what is open, with the reason", async () => {
    const gate = new Gate();
    const options = { streamAnswer: true };
    const main: Stub = newHttpBatchRpcSession(await listen(gate, options), options);
    const slow = main.slow().then(
      () => "answered",
      (error: Error) => error.constructor.name,
    );
    expect(await main.quick()).toBe("quick");
    for (const server of servers.splice(0)) await server.close();
    expect(await slow).toBe("TypeError");
  });
});
