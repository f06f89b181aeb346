/**
 * When the bytes of an object are hashed that a node sends or receives: `beside` the transfer, as they come, or `after` it, when all of
 * them have arrived. Either way nothing counts as verified, or has a name, before both sides have hashed all of it.
 *
 * @see spec/dwcp.md B8
 */
export type Verification = "beside" | "after";
