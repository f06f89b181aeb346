import type { WireError } from "@proj/wire-types";

/** What can be done about failures, by code. */
const fixes: Readonly<Record<string, string>> = {
  "wire.connection_failed": "check the address, and that a node listens there",
  "wire.invalid_uri":
    "write, for instance: xcp://127.0.0.1:9944, unix:///run/node.sock or dcquic://127.0.0.1:9950",
  "wire.timeout": "check that the node runs, or wait longer with --timeout",
  "xcp.hello_timeout": "check that an XCP node listens there, or wait longer with --timeout",
  "xcp.timeout": "check that the node runs, or wait longer with --timeout",
  "xcp.crypt_required": "name the key that the node holds with --encrypt",
  "xcp.decrypt_failed": "name the key that the node holds with --encrypt",
  "xcp.auth_required": "present the node's credential with --auth",
  "xcp.auth_failed":
    "present what the node knows: --auth, or --cert and --cert-key; trust its authority with --ca",
  "xcp.version_unsupported": "let the profile be found out with --profile auto",
  "xcp.no_common_codec": "check codecs and policy of both sides (CODEC_POLICY)",
  "ether.codec_unsupported": "leave --codec out, or list the codec in the node's codecs.order",
  "aeron.no_driver":
    "name the media driver's directory with --aeron-dir, or start `reference-node tensor driver`",
  "tensor_pool.driver_active": "end the other driver, or choose another shm.namespace",
  "dcquic.handshake_failed":
    "check the address, that [dcquic] of the node there is enabled, and that both have the same key",
  "dcquic.deadline":
    "check that the node works, or wait longer with --timeout; `transfer` goes on with what is missing",
  "dwcp.auth_failed": "name the key that the node holds with --key",
  "dwcp.conflict": "wait for the other process, or end it",
  "dwcp.no_space": "make room at the receiver; the same command then goes on",
  "dwcp.timeout": "check that the node runs, and run the same command again: it goes on",
  "dwcp.unsupported": "check that [dwcp] of the node is enabled, and the port",
  "ether.ether_invalid": "leave --codec out: a codec that can carry the content is chosen",
};

/** Says what can be done about a failure, where that is known. */
export function fixOf({ code, details }: WireError): string | undefined {
  // Refused here, before anything was sent: the way leads off this host in the clear.
  if (code === "xcp.crypt_required" && details["host"] !== undefined) {
    return "use xcps:, wss: or h2:, or write --insecure where something else protects the way";
  }
  return fixes[code];
}
