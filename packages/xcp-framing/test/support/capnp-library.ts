import type { SchemaKey } from "@proj/wire-types";
import { type FrameHeader, type Tag, toMsgId } from "@proj/xcp-framing";

/** The accessors that capnp-ts has on its Struct class and capnp-es in its `utils`: index or byte offset first. */
interface Accessors {
  getUint16(at: number, struct: object): number;
  getUint32(at: number, struct: object): number;
  getUint64(at: number, struct: object): bigint;
  getText(at: number, struct: object): string;
  getData(at: number, struct: object): { toUint8Array(): Uint8Array };
  getStruct(at: number, ctor: object, struct: object): object;
  getList(at: number, list: object, struct: object): StructList;
  getPointer(at: number, struct: object): object;
  setUint16(at: number, value: number, struct: object): void;
  setUint32(at: number, value: number, struct: object): void;
  setUint64(at: number, value: bigint, struct: object): void;
  setText(at: number, value: string, struct: object): void;
  initData(at: number, length: number, struct: object): { copyBuffer(bytes: Uint8Array): void };
  initList(at: number, list: object, length: number, struct: object): StructList;
  initStructAt(at: number, ctor: object, struct: object): object;
}

interface StructList {
  readonly length?: number;
  getLength?(): number;
  get(index: number): object;
}

/** What a Cap'n Proto library offers; both are used alike. */
export interface CapnpLibrary {
  readonly accessors: Accessors;
  readonly Struct: new (...args: never[]) => object;
  readonly ObjectSize: new (dataBytes: number, pointers: number) => object;
  readonly Message: new (
    bytes?: Uint8Array,
    packed?: boolean,
  ) => {
    getRoot(ctor: object): object;
    initRoot(ctor: object): object;
    toArrayBuffer(): ArrayBuffer;
  };
  CompositeList(ctor: object): object;
  readonly Pointer: { isNull(pointer: object): boolean };
}

/** Encodes and decodes frame headers by the runtime of a Cap'n Proto library, as its compiler would have written it. */
export function headerCodec(library: CapnpLibrary): {
  encode(header: FrameHeader): Uint8Array;
  decode(bytes: Uint8Array): FrameHeader;
} {
  const { accessors: $, Struct, ObjectSize, Message } = library;
  class TagStruct extends Struct {
    static readonly _capnp = { displayName: "Tag", id: "1", size: new ObjectSize(0, 2) };
  }
  class KeyStruct extends Struct {
    static readonly _capnp = { displayName: "SchemaKey", id: "2", size: new ObjectSize(16, 1) };
  }
  class HeaderStruct extends Struct {
    static readonly _capnp = { displayName: "FrameHeader", id: "3", size: new ObjectSize(24, 2) };
  }
  const TagList = library.CompositeList(TagStruct);

  const isNull = (at: number, struct: object): boolean =>
    library.Pointer.isNull($.getPointer(at, struct));
  const tagsOf = (root: object): Tag[] => {
    const list = $.getList(1, TagList, root);
    const length = list.length ?? list.getLength?.() ?? 0;
    return Array.from({ length }, (_, i) => ({
      key: $.getText(0, list.get(i)),
      val: $.getText(1, list.get(i)),
    }));
  };
  const keyOf = (key: object): SchemaKey => {
    const fields = {
      nsHash: $.getUint32(0, key),
      kindId: $.getUint32(4, key),
      major: $.getUint16(8, key),
      minor: $.getUint16(10, key),
    };
    return isNull(0, key)
      ? fields
      : { ...fields, hash128: new Uint8Array($.getData(0, key).toUint8Array()) };
  };

  return {
    encode(header) {
      const message = new Message();
      const root = message.initRoot(HeaderStruct);
      $.setUint32(0, header.channelId, root);
      $.setUint16(4, header.msgType, root);
      $.setUint16(6, header.bodyCodec, root);
      $.setUint64(8, BigInt(header.msgId), root);
      $.setUint64(16, BigInt(header.inReplyTo), root);
      const { schemaKey } = header;
      if (schemaKey !== undefined) {
        const key = $.initStructAt(0, KeyStruct, root);
        $.setUint32(0, schemaKey.nsHash, key);
        $.setUint32(4, schemaKey.kindId, key);
        $.setUint16(8, schemaKey.major, key);
        $.setUint16(10, schemaKey.minor, key);
        const { hash128 } = schemaKey;
        if (hash128 !== undefined) $.initData(0, hash128.length, key).copyBuffer(hash128);
      }
      if (header.tags.length > 0) {
        const list = $.initList(1, TagList, header.tags.length, root);
        for (const [i, { key, val }] of header.tags.entries()) {
          $.setText(0, key, list.get(i));
          $.setText(1, val, list.get(i));
        }
      }
      return new Uint8Array(message.toArrayBuffer());
    },

    decode(bytes) {
      const root = new Message(bytes, false).getRoot(HeaderStruct);
      return {
        channelId: $.getUint32(0, root),
        msgType: $.getUint16(4, root),
        bodyCodec: $.getUint16(6, root),
        schemaKey: isNull(0, root) ? undefined : keyOf($.getStruct(0, KeyStruct, root)),
        msgId: toMsgId($.getUint64(8, root)),
        inReplyTo: toMsgId($.getUint64(16, root)),
        tags: isNull(1, root) ? [] : tagsOf(root),
      };
    },
  };
}
