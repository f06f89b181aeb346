import { ByteReader, ByteWriter, decodeUtf8, encodeUtf8 } from "@proj/wire-types";
import type { AeadName } from "../crypto/key-schedule.js";
import { DcquicError } from "../errors.js";
import type { RmaOffer } from "../negotiate/transport-choice.js";
import { CREDENTIAL_ID_BYTES, WireLimit } from "../wire/constants.js";
import { getVarint, MAX_VARINT, putVarint, varintSize, varintSizeOf } from "../wire/varint.js";

/** The largest HELLO that is read. */
export const MAX_HELLO_BYTES = 65_536;
/** The version this package speaks. */
export const PROTOCOL_VERSION = 2;
const EPOCH_BYTES = 16;
const MAX_APPLICATION_BYTES = 4096;
const MAX_ENDPOINTS = WireLimit.maxWorkers;
const MAX_ASKED = 64;
const MAX_HOST_BYTES = 255;
const MAX_RMA_ADDRESS_BYTES = 255;

/** Where one worker of a peer receives. spec/dcquic.md §7.2 */
export interface WorkerEndpoint {
  /** The worker. */
  readonly worker: number;
  /** IP address as text. */
  readonly host: string;
  /** UDP ports. */
  readonly ports: readonly number[];
  /** Index of its NIC. */
  readonly nic: number;
  /** Bandwidth in bytes per second. */
  readonly bandwidth: number;
}

/** Whether the sender of a HELLO knows a credential id it was asked about. §7.4 */
export interface CredentialAnswer {
  /** 16 bytes. */
  readonly credentialId: Uint8Array;
  /** Whether it has the path secret. */
  readonly known: boolean;
}

/** What each side says of itself before a path exists. §7.2 */
export interface Hello {
  /** Protocol versions, best first. */
  readonly versions: readonly number[];
  /** AEADs, best first. */
  readonly aeads: readonly AeadName[];
  /** Data authentication modes: 0 packet, 1 headers. */
  readonly dataAuth: readonly number[];
  /** Supported record sizes as log2. */
  readonly recordLog2: readonly number[];
  /** 16 random bytes per start of the process. */
  readonly epoch: Uint8Array;
  /** Where the workers receive. */
  readonly endpoints: readonly WorkerEndpoint[];
  /** Largest datagram that is accepted. */
  readonly maxDatagramBytes: number;
  /** The first notifyLimit. */
  readonly notifyLimit: number;
  /** The first inlineLimit. */
  readonly inlineLimit: number;
  /** Credential ids of which the sender wants to know whether they are known. */
  readonly asked: readonly Uint8Array[];
  /** Answers to the other's questions. */
  readonly answers: readonly CredentialAnswer[];
  /** Whatever the application wants to say, at most 4 KiB. */
  readonly application: Uint8Array;
  /** How this side's memory can be read, if at all. §16.3 */
  readonly rma?: readonly RmaOffer[];
}

const Tlv = {
  versions: 1,
  aeads: 2,
  dataAuth: 3,
  recordLog2: 4,
  epoch: 5,
  endpoint: 6,
  maxDatagramBytes: 7,
  notifyLimit: 8,
  inlineLimit: 9,
  asked: 10,
  answer: 11,
  application: 12,
  rma: 13,
} as const;

const AEAD_NUMBERS: readonly AeadName[] = ["aes-256-gcm", "aes-128-gcm"];

/** Encodes a HELLO as type-length-values, without the length of the record. @throws RangeError for what cannot be said. */
export function encodeHello(hello: Hello): Uint8Array {
  checkLength("epoch", hello.epoch, EPOCH_BYTES);
  if (hello.application.length > MAX_APPLICATION_BYTES) {
    throw new RangeError(`${hello.application.length} bytes of application data`);
  }
  const writer = new ByteWriter(512);
  put(writer, Tlv.versions, Uint8Array.from(hello.versions));
  put(
    writer,
    Tlv.aeads,
    Uint8Array.from(hello.aeads, (name) => AEAD_NUMBERS.indexOf(name)),
  );
  put(writer, Tlv.dataAuth, Uint8Array.from(hello.dataAuth));
  put(writer, Tlv.recordLog2, Uint8Array.from(hello.recordLog2));
  put(writer, Tlv.epoch, hello.epoch);
  for (const endpoint of hello.endpoints) put(writer, Tlv.endpoint, encodeEndpoint(endpoint));
  put(writer, Tlv.maxDatagramBytes, varint(hello.maxDatagramBytes));
  put(writer, Tlv.notifyLimit, varint(hello.notifyLimit));
  put(writer, Tlv.inlineLimit, varint(hello.inlineLimit));
  for (const id of hello.asked) put(writer, Tlv.asked, checkLength("credential id", id, 16));
  for (const { credentialId, known } of hello.answers) {
    checkLength("credential id", credentialId, CREDENTIAL_ID_BYTES);
    put(writer, Tlv.answer, Uint8Array.of(known ? 1 : 0, ...credentialId));
  }
  put(writer, Tlv.application, hello.application);
  for (const offer of hello.rma ?? []) put(writer, Tlv.rma, encodeOffer(offer));
  return writer.copy();
}

/**
 * Decodes a HELLO. Types that are not known are passed over, so that later versions can say more.
 *
 * @throws DcquicError `dcquic.handshake_failed`
 */
export function decodeHello(bytes: Uint8Array): Hello {
  if (bytes.length > MAX_HELLO_BYTES) throw failed(`a HELLO of ${bytes.length} bytes`);
  const fields = splitTlvs(bytes);
  const one = (type: number): Uint8Array => {
    const values = fields.get(type) ?? [];
    const value = values[0];
    if (value === undefined || values.length > 1) {
      throw failed(`${values.length} values of type ${type} in a HELLO`);
    }
    return value;
  };
  const many = (type: number, most: number): readonly Uint8Array[] => {
    const values = fields.get(type) ?? [];
    if (values.length > most) throw failed(`${values.length} values of type ${type}`);
    return values;
  };
  const sized = (value: Uint8Array, length: number): Uint8Array => {
    if (value.length !== length) throw failed(`${value.length} bytes, ${length} expected`);
    return new Uint8Array(value);
  };
  const hello: Hello = {
    versions: [...one(Tlv.versions)],
    aeads: [...one(Tlv.aeads)].flatMap((number) => AEAD_NUMBERS[number] ?? []),
    dataAuth: [...one(Tlv.dataAuth)],
    recordLog2: [...one(Tlv.recordLog2)],
    epoch: sized(one(Tlv.epoch), EPOCH_BYTES),
    endpoints: many(Tlv.endpoint, MAX_ENDPOINTS).map(decodeEndpoint),
    maxDatagramBytes: onlyVarint(one(Tlv.maxDatagramBytes)),
    notifyLimit: onlyVarint(one(Tlv.notifyLimit)),
    inlineLimit: onlyVarint(one(Tlv.inlineLimit)),
    asked: many(Tlv.asked, MAX_ASKED).map((id) => sized(id, CREDENTIAL_ID_BYTES)),
    answers: many(Tlv.answer, MAX_ASKED).map((value) => {
      const answer = sized(value, 1 + CREDENTIAL_ID_BYTES);
      return { known: answer[0] === 1, credentialId: answer.slice(1) };
    }),
    application: new Uint8Array(one(Tlv.application)),
    rma: many(Tlv.rma, WireLimit.maxRma).map(decodeOffer),
  };
  if (hello.application.length > MAX_APPLICATION_BYTES) {
    throw failed(`${hello.application.length} bytes of application data`);
  }
  if (hello.maxDatagramBytes < WireLimit.minDatagramBytes) {
    throw failed(`datagrams of ${hello.maxDatagramBytes} bytes`);
  }
  return hello;
}

function splitTlvs(bytes: Uint8Array): ReadonlyMap<number, readonly Uint8Array[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = new Map<number, Uint8Array[]>();
  let at = 0;
  const next = (): number => {
    const size = at < bytes.length ? varintSizeOf(bytes[at] ?? 0) : 1;
    if (size > bytes.length - at) throw failed("a HELLO ends inside a number");
    const value = getVarint(view, at);
    if (value > MAX_VARINT) throw failed("a number of 2^53 or more in a HELLO");
    at += size;
    return value;
  };
  while (at < bytes.length) {
    const type = next();
    const length = next();
    if (length > bytes.length - at) throw failed(`${length} bytes of type ${type} in a HELLO`);
    const values = fields.get(type) ?? [];
    values.push(bytes.subarray(at, at + length));
    fields.set(type, values);
    at += length;
  }
  return fields;
}

function encodeEndpoint(endpoint: WorkerEndpoint): Uint8Array {
  const host = encodeUtf8(endpoint.host);
  if (host.length > MAX_HOST_BYTES || endpoint.ports.length > 255) {
    throw new RangeError(`an endpoint with ${endpoint.ports.length} ports at ${endpoint.host}`);
  }
  const writer = new ByteWriter(64)
    .u8(endpoint.worker)
    .u8(endpoint.nic)
    .u8(host.length)
    .bytes(host);
  writer.u8(endpoint.ports.length);
  for (const port of endpoint.ports) writer.u16(port);
  return writer.bytes(varint(endpoint.bandwidth)).copy();
}

function decodeEndpoint(bytes: Uint8Array): WorkerEndpoint {
  try {
    const reader = new ByteReader(bytes);
    const worker = reader.u8();
    const nic = reader.u8();
    const host = decodeUtf8(reader.view(reader.u8()));
    const ports = Array.from({ length: reader.u8() }, () => reader.u16());
    return { worker, nic, host, ports, bandwidth: onlyVarint(reader.view(reader.remaining)) };
  } catch (error) {
    throw new DcquicError("dcquic.handshake_failed", "an endpoint does not decode", {
      cause: error,
    });
  }
}

function encodeOffer({ provider, nic, maxReadBytes, address }: RmaOffer): Uint8Array {
  if (address.length > MAX_RMA_ADDRESS_BYTES) {
    throw new RangeError(`an endpoint's address of ${address.length} bytes`);
  }
  const writer = new ByteWriter(64).u8(provider).u8(nic).u8(address.length).bytes(address);
  return writer.bytes(varint(maxReadBytes)).copy();
}

function decodeOffer(bytes: Uint8Array): RmaOffer {
  try {
    const reader = new ByteReader(bytes);
    const provider = reader.u8();
    const nic = reader.u8();
    const address = reader.view(reader.u8()).slice();
    return { provider, nic, address, maxReadBytes: onlyVarint(reader.view(reader.remaining)) };
  } catch (error) {
    throw new DcquicError("dcquic.handshake_failed", "an offer of memory access does not decode", {
      cause: error,
    });
  }
}

function put(writer: ByteWriter, type: number, value: Uint8Array): void {
  writer.bytes(varint(type)).bytes(varint(value.length)).bytes(value);
}

function varint(value: number): Uint8Array {
  const bytes = new Uint8Array(varintSize(value));
  putVarint(new DataView(bytes.buffer), 0, value);
  return bytes;
}

function onlyVarint(bytes: Uint8Array): number {
  const first = bytes[0];
  if (first === undefined || varintSizeOf(first) !== bytes.length) throw failed("not a number");
  const value = getVarint(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  if (value > MAX_VARINT) throw failed("a number of 2^53 or more in a HELLO");
  return value;
}

function checkLength(name: string, bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`${name} of ${bytes.length} bytes`);
  return bytes;
}

function failed(message: string): DcquicError {
  return new DcquicError("dcquic.handshake_failed", message);
}
