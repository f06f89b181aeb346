// What Cloudflare Workers get for `@proj/capnweb-rpc`: everything, with the runtime's own RpcTarget.
export * from "../index.js";
export { RpcTarget } from "./rpc-target.js";
