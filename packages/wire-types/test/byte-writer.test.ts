import { expect, test } from "@jest/globals";
import { ByteReader, ByteWriter } from "@proj/wire-types";

test("every kind of value survives the growth of the buffer that writing it causes", () => {
  for (let capacity = 1; capacity < 64; capacity++) {
    const writer = new ByteWriter(capacity);
    writer.u8(1).u16(2).u32(3).i32(-4).u64(5n).i64(-6n).f32(0.5).f64(-0.25);
    writer
      .leb128(300)
      .leb128Big(2n ** 60n)
      .bytes(new Uint8Array([7, 8, 9]))
      .lengthAndText("é");
    const reader = new ByteReader(writer.view());
    expect([reader.u8(), reader.u16(), reader.u32(), reader.i32()]).toEqual([1, 2, 3, -4]);
    expect([reader.u64(), reader.i64(), reader.f32(), reader.f64()]).toEqual([5n, -6n, 0.5, -0.25]);
    expect([reader.leb128(), reader.leb128Big()]).toEqual([300, 2n ** 60n]);
    expect([...reader.view(3)]).toEqual([7, 8, 9]);
    expect(reader.text(reader.leb128())).toBe("é");
    expect(reader.remaining).toBe(0);
  }
});
