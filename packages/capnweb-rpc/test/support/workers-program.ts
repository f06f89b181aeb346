// The package as Cloudflare Workers resolve it, with a stand-in for what only their runtime has.
import assert from "node:assert/strict";
import { register } from "node:module";

const runtime = "export class RpcTarget { native() { return true; } }";
const hooks = `
  export const resolve = (name, context, next) =>
    name === "cloudflare:workers"
      ? { url: ${JSON.stringify(`data:text/javascript,${runtime}`)}, shortCircuit: true }
      : next(name, context);
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

const library = await import("@proj/capnweb-rpc");
const own: object = library.RpcTarget.prototype;
assert.equal("native" in own, true);

class Api extends library.RpcTarget {
  readonly secret = 1;
  add(a: number, b: number) {
    return a + b;
  }
}
assert.equal(await new library.RpcStub(new Api()).add(1, 2), 3);
const request = new Request("http://x/", {
  method: "POST",
  body: '["push",["pipeline",0,["add"],[20,22]]]\n["pull",1]',
});
const response = await library.newWorkersRpcResponse(request, new Api());
assert.equal(response.headers.get("access-control-allow-origin"), "*");
process.stdout.write(await response.text());
