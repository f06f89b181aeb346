// py-capnweb as a live peer, as far as it keeps to the protocol (spec/capnweb.md §17.3). Seen with 0.5.0, and
// left out: its server hands a promise in arguments to the method as it is, cannot return targets or call back,
// reads a property as a method and refuses captures of the main object; its client sends an array in an array
// bare, which is no expression, and joins messages in binary frames over WebSocket, which end a session.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import * as ours from "@proj/capnweb-rpc";
import { newHttpBatchRpcSession, newWebSocketRpcSession, RpcTarget } from "@proj/capnweb-rpc";
import { describeWith, python } from "@proj/peers";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Stub } from "../support/implementations.js";
import { NodeServer } from "../support/node-server.js";

const peer = { ...python("capnweb.client", "capnweb.server"), name: "py-capnweb" };
const program = (name: string) =>
  fileURLToPath(new URL(`../../test/interop/python/${name}.py`, import.meta.url));

describeWith("our client, a Python server", peer, (interpreter) => {
  let server: ChildProcess;
  let port: string;

  beforeAll(async () => {
    server = spawn(interpreter, [program("server")], { stdio: ["pipe", "pipe", "ignore"] });
    while (port === undefined && server.stdout !== null) {
      const [line] = (await once(server.stdout, "data")) as [Buffer];
      port = /port:(\d+)/.exec(line.toString())?.[1] as string;
    }
  });
  afterAll(async () => {
    server.stdin?.end();
    if (server.exitCode === null) await once(server, "exit");
  });

  test("a batch of calls, with values and an error that carries data", async () => {
    const main: Stub = newHttpBatchRpcSession(`http://127.0.0.1:${port}/rpc/batch`);
    const value = { a: 1, d: new Date(5), list: [1, 2] };
    const [sum, user, echoed, list, failure] = await Promise.all([
      main.add(1, 2),
      main.user(),
      main.echo(value),
      main.echo([1, 2]),
      main.fail().catch((error: unknown) => error),
    ]);
    expect([sum, { ...user }, { ...echoed }, list]).toEqual([
      3,
      { id: 7, name: "Ada" },
      value,
      [1, 2],
    ]);
    expect(failure).toBeInstanceOf(Error);
    expect(failure.message).toMatch(/^no entry/);
    expect(failure.why).toBe("closed");
  });

  test("calls over a WebSocket", async () => {
    const main: Stub = newWebSocketRpcSession(`ws://127.0.0.1:${port}/rpc/ws`);
    expect(await main.add(20, 22)).toBe(42);
    expect({ ...(await main.user()) }).toEqual({ id: 7, name: "Ada" });
    expect(await main.missing().catch((error: Error) => error.message)).toMatch(/no method/);
    main[Symbol.dispose]();
  });
});

describeWith("a Python client, our server", peer, (interpreter) => {
  test("calls and a pipelined batch over HTTP", async () => {
    class Api extends RpcTarget {
      add(a: number, b: number) {
        return a + b;
      }
      echo(value: unknown) {
        return value;
      }
      list() {
        return [1, [2]];
      }
      user() {
        return { id: 7, name: "Ada" };
      }
      fail(): never {
        throw new RangeError("out");
      }
    }
    const server = new NodeServer(ours, () => new Api());
    try {
      const url = `http://${await server.listen()}/rpc/batch`;
      const { stdout } = await promisify(execFile)(interpreter, [program("client"), url]);
      expect(JSON.parse(stdout)).toEqual({
        add: { found: 3 },
        object: { found: { a: { b: null } } },
        list: { found: [1, [2]] },
        "array in an array": { failed: expect.stringContaining("400") },
        fail: { failed: "out" },
        user: { found: { id: 7, name: "Ada" } },
        name: { found: "Ada" },
        total: { found: 9 },
      });
    } finally {
      await server.close();
    }
  });
});
