import { afterEach, describe, expect, test } from "@jest/globals";
import * as ours from "@proj/capnweb-rpc";
import {
  EXTENDED_PROTOCOL,
  EXTENSIONS_HEADER,
  type HttpBatchOptions,
  type HttpBatchServerOptions,
  newHttpBatchRpcResponse,
  newHttpBatchRpcSession,
  RpcTarget,
} from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { NodeServer } from "../support/node-server.js";

/* oxlint-disable typescript/no-explicit-any -- what a peer offers is not typed here */
type Stub = any;

function apiOf(Target: typeof RpcTarget) {
  return class extends Target {
    config() {
      return { tags: new Set(["a"]), byName: new Map([["x", /y/g]]) };
    }
    size(tags: unknown) {
      return tags instanceof Set ? tags.size : -1;
    }
    plain() {
      return [1, 2];
    }
  };
}
const Api = apiOf(RpcTarget);

const servers: NodeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A session to either kind of server. */
async function over(
  kind: "Node" | "fetch",
  options: HttpBatchServerOptions,
  client: HttpBatchOptions,
): Promise<Stub> {
  if (kind === "fetch") {
    const fetch = (request: Request) => newHttpBatchRpcResponse(request, new Api(), options);
    return newHttpBatchRpcSession("http://x/", { ...client, fetch });
  }
  const server = new NodeServer(ours, () => new Api(), options);
  servers.push(server);
  return newHttpBatchRpcSession(`http://${await server.listen()}`, client);
}

describe.each(["Node", "fetch"] as const)("§20.7: a batch over %s", (kind) => {
  test("both ends opted in: the answer holds what the plain protocol cannot say", async () => {
    const main = await over(kind, { extensions: true }, { extensions: true });
    const { tags, byName } = await main.config();
    expect([tags, byName]).toEqual([new Set(["a"]), new Map([["x", /y/g]])]);
  });

  test("arguments keep to the plain protocol: nothing is known of the server yet", async () => {
    const main = await over(kind, { extensions: true }, { extensions: true });
    expect(() => main.size(new Set([1]))).toThrow("Cannot serialize value: [object Set]");
    expect(await main.plain()).toEqual([1, 2]);
  });

  test("who knows the server may say so", async () => {
    const client = { extensions: true, extraValues: true };
    const main = await over(kind, { extensions: true }, client);
    expect(await main.size(new Set([1, 2]))).toBe(2);
  });

  test.each([
    ["the server", {}, { extensions: true }],
    ["the client", { extensions: true }, {}],
  ])("%s has not: it is refused as always", async (_, server, client) => {
    const main = await over(kind, server, client);
    await expect(async () => await main.config()).rejects.toThrow(
      "Cannot serialize value: [object Set]",
    );
  });
});

describe("§20.7: a batch and a reference peer", () => {
  test("its server sees a header that it does not know", async () => {
    const server = new NodeServer(reference as never, () => new (apiOf(reference.RpcTarget))());
    servers.push(server);
    const url = `http://${await server.listen()}`;
    const main: Stub = newHttpBatchRpcSession(url, { extensions: true });
    expect(await main.plain()).toEqual([1, 2]);
  });

  test("the header may name several", async () => {
    const body = '["push",["pipeline",0,["config"],[]]]\n["pull",1]';
    const headers = { [EXTENSIONS_HEADER]: `other, ${EXTENDED_PROTOCOL}` };
    const request = new Request("http://x/", { method: "POST", body, headers });
    const response = await newHttpBatchRpcResponse(request, new Api(), { extensions: true });
    expect(await response.text()).toContain('"tags":["set",["a"]]');
  });
});
