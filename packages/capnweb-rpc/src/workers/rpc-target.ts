import { RpcTarget as RuntimeTarget } from "cloudflare:workers";
import { admitTargets } from "../rpc-target.js";

admitTargets(RuntimeTarget);

/** The base of classes that cross by reference: the runtime's, so that its own RPC takes them too. §15 */
export const RpcTarget: typeof RuntimeTarget = RuntimeTarget;
/** An instance of such a class. */
export type RpcTarget = RuntimeTarget;
