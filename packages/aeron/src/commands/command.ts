import { ByteWriter } from "@proj/wire-types";
import type { AtomicBuffer } from "../memory/atomic-buffer.js";
import { lengthAndText, RecordBody } from "./record-body.js";

/** What a client asks of a driver. spec/aeron.md §5 */
export const CommandType = {
  addPublication: 0x01,
  removePublication: 0x02,
  addExclusivePublication: 0x03,
  addSubscription: 0x04,
  removeSubscription: 0x05,
  clientKeepalive: 0x06,
  addDestination: 0x07,
  removeDestination: 0x08,
  addCounter: 0x09,
  removeCounter: 0x0a,
  clientClose: 0x0b,
  addReceiveDestination: 0x0c,
  removeReceiveDestination: 0x0d,
  terminateDriver: 0x0e,
  rejectImage: 0x10,
} as const;

/** A command as the driver reads it. */
export type Command =
  | {
      readonly kind: "addPublication";
      readonly exclusive: boolean;
      readonly streamId: number;
      readonly channel: string;
    }
  | { readonly kind: "addSubscription"; readonly streamId: number; readonly channel: string }
  | {
      readonly kind: "removePublication";
      readonly registrationId: bigint;
      readonly revoke: boolean;
    }
  | { readonly kind: "removeSubscription" | "removeCounter"; readonly registrationId: bigint }
  | {
      readonly kind: "addCounter";
      readonly typeId: number;
      readonly key: Uint8Array;
      readonly label: string;
    }
  | { readonly kind: "destination"; readonly registrationId: bigint; readonly channel: string }
  | { readonly kind: "keepalive" | "close" }
  | { readonly kind: "terminate"; readonly token: Uint8Array }
  | { readonly kind: "unknown"; readonly type: number };

/** Who sent a command, and how its answer will be known. */
export interface CommandIds {
  /** The client. */
  readonly clientId: bigint;
  /** The command. */
  readonly correlationId: bigint;
}

/** Encodes the commands of one client. Each returns the record of its type. */
export class CommandEncoder {
  readonly #clientId: bigint;

  /** Writes for the client of this id. */
  constructor(clientId: bigint) {
    this.#clientId = clientId;
  }

  /** Adds a publication, shared or exclusive by its type. */
  publication(correlationId: bigint, streamId: number, channel: string): Uint8Array {
    return this.#start(correlationId).i32(streamId).bytes(lengthAndText(channel)).copy();
  }

  /** Adds a subscription. */
  subscription(correlationId: bigint, streamId: number, channel: string): Uint8Array {
    return this.#start(correlationId).i64(-1n).i32(streamId).bytes(lengthAndText(channel)).copy();
  }

  /** Removes a subscription or a counter; with `flags`, a publication. */
  removal(correlationId: bigint, registrationId: bigint, flags?: bigint): Uint8Array {
    const writer = this.#start(correlationId).i64(registrationId);
    return (flags === undefined ? writer : writer.u64(flags)).copy();
  }

  /** Adds or removes a destination. */
  destination(correlationId: bigint, registrationId: bigint, channel: string): Uint8Array {
    return this.#start(correlationId).i64(registrationId).bytes(lengthAndText(channel)).copy();
  }

  /** Adds a counter. */
  counter(correlationId: bigint, typeId: number, key: Uint8Array, label: string): Uint8Array {
    const writer = this.#start(correlationId).i32(typeId).u32(key.length).bytes(key);
    const padding = (4 - (key.length % 4)) % 4;
    return writer.bytes(new Uint8Array(padding)).bytes(lengthAndText(label)).copy();
  }

  /** Says that the client leaves. */
  close(correlationId: bigint): Uint8Array {
    return this.#start(correlationId).copy();
  }

  /** Asks the driver to stop. */
  terminate(correlationId: bigint, token: Uint8Array): Uint8Array {
    return this.#start(correlationId).u32(token.length).bytes(token).copy();
  }

  #start(correlationId: bigint): ByteWriter {
    return new ByteWriter().i64(this.#clientId).i64(correlationId);
  }
}

/** Reads who sent a command. @throws {@link AeronError} `aeron.malformed_command` */
export function readCommandIds(buffer: AtomicBuffer, offset: number, length: number): CommandIds {
  new RecordBody(buffer, offset, length).need(16);
  return {
    clientId: buffer.view.getBigInt64(offset, true),
    correlationId: buffer.view.getBigInt64(offset + 8, true),
  };
}

/** Reads a command behind its ids. @throws {@link AeronError} `aeron.malformed_command` */
export function readCommand(
  type: number,
  buffer: AtomicBuffer,
  offset: number,
  length: number,
): Command {
  const body = new RecordBody(buffer, offset, length);
  switch (type) {
    case CommandType.addPublication:
    case CommandType.addExclusivePublication:
      return {
        kind: "addPublication",
        exclusive: type === CommandType.addExclusivePublication,
        streamId: body.i32(16),
        channel: body.text(20),
      };
    case CommandType.addSubscription:
      return { kind: "addSubscription", streamId: body.i32(24), channel: body.text(28) };
    case CommandType.removePublication:
      return {
        kind: "removePublication",
        registrationId: body.i64(16),
        revoke: length >= 32 && (body.i64(24) & 1n) === 1n,
      };
    case CommandType.removeSubscription:
      return { kind: "removeSubscription", registrationId: body.i64(16) };
    case CommandType.removeCounter:
      return { kind: "removeCounter", registrationId: body.i64(16) };
    case CommandType.addCounter:
      return readAddCounter(body);
    case CommandType.addDestination:
    case CommandType.removeDestination:
    case CommandType.addReceiveDestination:
    case CommandType.removeReceiveDestination:
      return { kind: "destination", registrationId: body.i64(16), channel: body.text(24) };
    case CommandType.clientKeepalive:
      return { kind: "keepalive" };
    case CommandType.clientClose:
      return { kind: "close" };
    case CommandType.terminateDriver:
      return { kind: "terminate", token: body.blob(16) };
    default:
      return { kind: "unknown", type };
  }
}

function readAddCounter(body: RecordBody): Command {
  const key = body.blob(20);
  const labelAt = 24 + key.length + ((4 - (key.length % 4)) % 4);
  return { kind: "addCounter", typeId: body.i32(16), key, label: body.text(labelAt) };
}
