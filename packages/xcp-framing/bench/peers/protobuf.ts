import { readLeb128 } from "@proj/wire-types";
import protobuf from "protobufjs";
import { LengthSplitter, type ReadLength } from "./length-splitter.js";
import type { EchoPeer } from "./peer.js";
import { dial, serveSockets } from "./sockets.js";

const Echo = new protobuf.Type("Echo")
  .add(new protobuf.Field("id", 1, "uint64"))
  .add(new protobuf.Field("body", 2, "bytes"));

interface EchoMessage extends protobuf.Message {
  /** A number where `long` is not installed, else a Long. */
  id: number | { toNumber(): number };
  body: Uint8Array;
}

const readLength: ReadLength = (bytes, offset) => {
  const end = Math.min(bytes.length, offset + 8);
  for (let at = offset; at < end; at++) {
    if ((bytes[at] ?? 0) >= 0x80) continue;
    const { value, size } = readLeb128(bytes, offset);
    return { headBytes: size, bodyBytes: value };
  }
  return undefined;
};

/** Length-delimited Protobuf messages with an id and bytes, by protobufjs. */
export const protobufOverTcp: EchoPeer = {
  serve: () =>
    serveSockets((socket) => {
      const splitter = new LengthSplitter(readLength, (bytes) => {
        const { id, body } = Echo.decode(bytes) as EchoMessage;
        socket.write(Echo.encodeDelimited(Echo.create({ id, body })).finish());
      });
      socket.on("data", (chunk) => splitter.push(chunk));
    }),
  async connect(port) {
    const socket = await dial(port);
    const waiting = new Map<number, (reply: Uint8Array) => void>();
    let lastId = 0;
    const splitter = new LengthSplitter(readLength, (bytes) => {
      const { id, body } = Echo.decode(bytes) as EchoMessage;
      const key = typeof id === "number" ? id : id.toNumber();
      waiting.get(key)?.(body);
      waiting.delete(key);
    });
    socket.on("data", (chunk) => splitter.push(chunk));
    return {
      echo(body) {
        const id = ++lastId;
        socket.write(Echo.encodeDelimited(Echo.create({ id, body })).finish());
        return new Promise((resolve) => void waiting.set(id, resolve));
      },
      close: () => void socket.destroy(),
    };
  },
};
