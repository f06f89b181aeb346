# HEADER of an XCP v0.2 frame: one message in unpacked stream framing. spec/xcp.md §4
@0xbf514fc46d4d410b;

struct FrameHeader {
  channelId @0 :UInt32;
  msgType   @1 :UInt16;
  bodyCodec @2 :UInt16;
  schemaKey @3 :SchemaKey;
  msgId     @4 :UInt64;
  inReplyTo @5 :UInt64;
  tags      @6 :List(Tag);
}

struct SchemaKey {
  nsHash  @0 :UInt32;  # fnv1a32(namespace); 0 = default namespace
  kindId  @1 :UInt32;  # fnv1a32(kind)
  major   @2 :UInt16;
  minor   @3 :UInt16;
  hash128 @4 :Data;    # exactly 0 or 16 bytes
}

struct Tag {
  key @0 :Text;
  val @1 :Text;
}
