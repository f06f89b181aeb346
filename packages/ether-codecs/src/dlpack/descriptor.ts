import { ByteReader, ByteWriter, decodeUtf8, encodeUtf8 } from "@proj/wire-types";
import { decoding, EtherError } from "../errors.js";
import { checkReach } from "./reach.js";

/** DLPack's number for memory of the host. */
export const DEVICE_CPU = 1;

/** Where a tensor's memory is. spec/xcp.md §14.8 */
export type DlpackHandle =
  /** The storage itself, copied into the body. */
  | { readonly kind: "inline"; readonly storage: Uint8Array }
  /** A shared-memory object on this host. */
  | { readonly kind: "shm"; readonly uri: string }
  /** A CUDA IPC memory handle of 64 bytes, and an event handle of 64 bytes. */
  | { readonly kind: "cudaIpc"; readonly memory: Uint8Array; readonly event?: Uint8Array }
  /** Index of a file descriptor passed beside the stream. */
  | { readonly kind: "fd"; readonly index: number }
  /** Token of a registry of this process. */
  | { readonly kind: "inProcess"; readonly token: bigint };

/** Describes a tensor and where its memory is, without addresses. spec/xcp.md §14.8 */
export interface DlpackDescriptor {
  /** DLPack's device type: 1 CPU, 2 CUDA, 3 CUDA host, 10 ROCm, … */
  readonly deviceType: number;
  /** Which device of that type. */
  readonly deviceId: number;
  /** DLPack's type code: 0 int, 1 uint, 2 float, 4 bfloat, 5 complex, 6 bool. */
  readonly typeCode: number;
  /** Bits of one lane. */
  readonly bits: number;
  /** Lanes of one element. */
  readonly lanes: number;
  /** 0..32 dimensions. */
  readonly shape: readonly number[];
  /** Distances in elements, negative or zero ones included; absent = row-major without gaps. */
  readonly strides?: readonly number[];
  /** Where in the storage the element with index zero lies. */
  readonly byteOffset: number;
  /** Size of the storage. */
  readonly storageBytes: number;
  /** How long the sender keeps the memory, in ms; 0 = until released. */
  readonly leaseMs: number;
  /** The receiver must not write. */
  readonly readOnly: boolean;
  /** The memory is a copy made for this message. */
  readonly isCopy: boolean;
  /** Where the memory is. */
  readonly handle: DlpackHandle;
}

const MAGIC = 0x504c_4458; // "XDLP"
const VERSION = 1;
const HEAD_BYTES = 48;
const MAX_DIMENSIONS = 32;
const CUDA_HANDLE_BYTES = 64;

/** §14.8 flags */
const HAS_STRIDES = 0x1;
const READ_ONLY = 0x2;
const IS_COPY = 0x4;

/** §14.8 handle kinds, by their number. */
const handleKinds = ["inline", "shm", "cudaIpc", "fd", "inProcess"] as const;

/**
 * Writes a descriptor.
 *
 * @throws EtherError `ether.tensor_header`, `ether.tensor_size` for one that {@link decodeDlpack} would refuse.
 * @see spec/xcp.md §14.8
 */
export function encodeDlpack(descriptor: DlpackDescriptor): Uint8Array {
  checkDescriptor(descriptor);
  const { shape, strides, handle } = descriptor;
  const handleBytes = encodeHandle(handle);
  const inline = handle.kind === "inline" ? handle.storage : undefined;
  const size = HEAD_BYTES + 16 * shape.length + handleBytes.length + 8 + (inline?.length ?? 0);
  const writer = new ByteWriter(size);
  writer.u32(MAGIC).u8(VERSION).u8(handleKinds.indexOf(handle.kind)).u16(flagsOf(descriptor));
  writer.i32(descriptor.deviceType).i32(descriptor.deviceId);
  writer.u8(descriptor.typeCode).u8(descriptor.bits).u16(descriptor.lanes).u32(shape.length);
  writer.u64(BigInt(descriptor.byteOffset)).u64(BigInt(descriptor.storageBytes));
  writer.u32(handleBytes.length).u32(descriptor.leaseMs);
  for (const each of [...shape, ...(strides ?? [])]) writer.i64(BigInt(each));
  writer.bytes(handleBytes).align(8);
  if (inline !== undefined) writer.bytes(inline);
  return writer.view();
}

/**
 * Reads a descriptor and checks that every element it can reach lies in its storage.
 *
 * Inline storage and handles are views of `body`.
 *
 * @throws EtherError `ether.tensor_header`, `ether.tensor_size`.
 * @see spec/xcp.md §14.8
 */
export function decodeDlpack(body: Uint8Array): DlpackDescriptor {
  return decoding("ether.tensor_size", () => {
    const reader = new ByteReader(body);
    if (reader.u32() !== MAGIC) throw badHeader("it does not begin with XDLP");
    const version = reader.u8();
    if (version !== VERSION) throw badHeader(`version ${version}`);
    const kind = handleKinds[reader.u8()];
    if (kind === undefined) throw badHeader("unknown handle kind");
    const flags = reader.u16();
    if (flags > (HAS_STRIDES | READ_ONLY | IS_COPY)) throw badHeader(`flags ${flags}`);
    const device = { deviceType: reader.i32(), deviceId: reader.i32() };
    const type = { typeCode: reader.u8(), bits: reader.u8(), lanes: reader.u16() };
    const rank = reader.u32();
    if (rank > MAX_DIMENSIONS) throw badHeader(`${rank} dimensions`);
    const byteOffset = exact(reader.u64());
    const storageBytes = exact(reader.u64());
    const handleLength = reader.u32();
    const leaseMs = reader.u32();
    const longs = (): readonly number[] => Array.from({ length: rank }, () => exact(reader.i64()));
    const shape = longs();
    const strides = (flags & HAS_STRIDES) === 0 ? undefined : longs();
    const handleBytes = reader.view(handleLength);
    checkPadding(reader.view((8 - (handleLength % 8)) % 8));
    const storage = reader.view(kind === "inline" ? storageBytes : 0);
    if (reader.remaining > 0) throw badSize(`${reader.remaining} bytes too many`);
    const descriptor: DlpackDescriptor = {
      ...device,
      ...type,
      shape,
      ...(strides === undefined ? {} : { strides }),
      byteOffset,
      storageBytes,
      leaseMs,
      readOnly: (flags & READ_ONLY) !== 0,
      isCopy: (flags & IS_COPY) !== 0,
      handle: decodeHandle(kind, handleBytes, storage),
    };
    checkDescriptor(descriptor);
    return descriptor;
  });
}

function checkDescriptor(descriptor: DlpackDescriptor): void {
  const { bits, lanes, shape, strides, handle, storageBytes } = descriptor;
  const itemBits = bits * lanes;
  if (itemBits === 0 || itemBits % 8 !== 0) throw badHeader(`elements of ${itemBits} bits`);
  if (shape.length > MAX_DIMENSIONS) throw badHeader(`${shape.length} dimensions`);
  if (strides !== undefined && strides.length !== shape.length) {
    throw badHeader(`${strides.length} strides for ${shape.length} dimensions`);
  }
  if (handle.kind === "inline" && handle.storage.length !== storageBytes) {
    throw badSize(`${handle.storage.length} bytes of storage, ${storageBytes} announced`);
  }
  checkReach({ ...descriptor, itemBytes: itemBits / 8 });
}

function flagsOf({ strides, readOnly, isCopy }: DlpackDescriptor): number {
  return (
    (strides === undefined ? 0 : HAS_STRIDES) | (readOnly ? READ_ONLY : 0) | (isCopy ? IS_COPY : 0)
  );
}

function encodeHandle(handle: DlpackHandle): Uint8Array {
  switch (handle.kind) {
    case "inline":
      return new Uint8Array(0);
    case "shm":
      return encodeUtf8(handle.uri);
    case "cudaIpc":
      return checkCudaHandle(new Uint8Array([...handle.memory, ...(handle.event ?? [])]));
    case "fd":
      return new ByteWriter(4).u32(handle.index).view();
    case "inProcess":
      return new ByteWriter(8).u64(handle.token).view();
  }
}

function decodeHandle(
  kind: DlpackHandle["kind"],
  bytes: Uint8Array,
  storage: Uint8Array,
): DlpackHandle {
  switch (kind) {
    case "inline":
      if (bytes.length > 0) throw badHeader("an inline tensor with a handle");
      return { kind, storage };
    case "shm":
      return { kind, uri: decodeUtf8(bytes) };
    case "cudaIpc": {
      checkCudaHandle(bytes);
      const memory = bytes.subarray(0, CUDA_HANDLE_BYTES);
      const event = bytes.subarray(CUDA_HANDLE_BYTES);
      return event.length === 0 ? { kind, memory } : { kind, memory, event };
    }
    case "fd":
      if (bytes.length !== 4) throw badHeader(`a descriptor index of ${bytes.length} bytes`);
      return { kind, index: new ByteReader(bytes).u32() };
    case "inProcess":
      if (bytes.length !== 8) throw badHeader(`a token of ${bytes.length} bytes`);
      return { kind, token: new ByteReader(bytes).u64() };
  }
}

function checkCudaHandle(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== CUDA_HANDLE_BYTES && bytes.length !== 2 * CUDA_HANDLE_BYTES) {
    throw badHeader(`CUDA handles of ${bytes.length} bytes`);
  }
  return bytes;
}

function checkPadding(padding: Uint8Array): void {
  if (padding.some((byte) => byte !== 0)) throw badHeader("padding that is not zero");
}

function exact(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw badSize(`a length of ${value}`);
  return number;
}

function badHeader(what: string): EtherError {
  return new EtherError("ether.tensor_header", `DLPACK: ${what}`);
}

function badSize(what: string): EtherError {
  return new EtherError("ether.tensor_size", `DLPACK: ${what}`);
}
