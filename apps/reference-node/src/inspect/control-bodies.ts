import {
  decodeAck,
  decodeClarifyReq,
  decodeClarifyRes,
  decodeConfirmReq,
  decodeConfirmRes,
  decodeErrorBody,
  decodeGoaway,
  decodeHello,
  decodeNack,
  decodePing,
  decodeRelease,
  decodeUnsupported,
  MsgType,
} from "@proj/xcp-framing";

type Decoder = (bytes: Uint8Array, codec: 1 | 8) => object;

const decoders: ReadonlyMap<number, Decoder> = new Map<number, Decoder>([
  [MsgType.HELLO, decodeHello],
  [MsgType.CAPS, decodeHello],
  [MsgType.NEGOTIATE, decodeHello],
  [MsgType.ACK, decodeAck],
  [MsgType.NACK, decodeNack],
  [MsgType.PING, decodePing],
  [MsgType.PONG, decodePing],
  [MsgType.CLARIFY_REQ, decodeClarifyReq],
  [MsgType.CLARIFY_RES, decodeClarifyRes],
  [MsgType.CONFIRM_REQ, decodeConfirmReq],
  [MsgType.CONFIRM_RES, decodeConfirmRes],
  [MsgType.UNSUPPORTED, decodeUnsupported],
  [MsgType.ERROR, decodeErrorBody],
  [MsgType.GOAWAY, decodeGoaway],
  [MsgType.RELEASE, decodeRelease],
]);

/**
 * Decodes the body of a control message; `undefined` for an unknown type or codec.
 *
 * @throws XcpError `xcp.hello_invalid`, `xcp.body_malformed`
 */
export function decodeControl(
  msgType: number,
  bodyCodec: number,
  body: Uint8Array,
): object | undefined {
  const decode = decoders.get(msgType);
  if (decode === undefined || (bodyCodec !== 1 && bodyCodec !== 8)) return undefined;
  return decode(body, bodyCodec);
}
