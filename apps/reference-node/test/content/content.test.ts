import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { AttachmentRef, type Ether } from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { encode } from "jpeg-js";
import { PNG } from "pngjs";
import { ContentError, type ContentPart } from "#src/content/content.js";
import { type ContentForm, openContent } from "#src/content/detect.js";
import { openSource } from "#src/content/source.js";
import { ContentSummary } from "#src/receipts/content-summary.js";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

let folder: TempFolder;
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

interface Read {
  readonly kind: string;
  readonly parts: readonly ContentPart[];
  readonly ethers: readonly Ether[];
  readonly notes: readonly string[];
  readonly summary: Record<string, unknown>;
}

async function read(
  name: string,
  bytes: string | Uint8Array,
  options: { readonly form?: ContentForm; readonly partBytes?: number } = {},
): Promise<Read> {
  const source = await openSource(folder.write(name, bytes));
  try {
    const content = openContent(source, options.form, { partBytes: options.partBytes ?? 1 << 20 });
    const parts: ContentPart[] = [];
    const summary = new ContentSummary();
    for await (const part of content.parts) {
      parts.push(part);
      summary.add(part.ethers);
    }
    const ethers = parts.flatMap((part) => part.ethers);
    return { kind: content.kind, parts, ethers, notes: content.notes, summary: summary.result() };
  } finally {
    await source.close();
  }
}

function npy(descr: string, shape: string, data: Uint8Array, order = "False"): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const length = Math.ceil((text.length + 11) / 64) * 64 - 10;
  const head = Buffer.alloc(10 + length, 0x20);
  Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]).copy(head);
  head.writeUInt16LE(length, 8);
  head.write(text, 10, "latin1");
  return Buffer.concat([head, data]);
}

function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

// A column of 64 times 1 as pyarrow writes it with compression="lz4".
const compressedArrow = Buffer.from(
  [
    "/////3gAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAEAAAAUAAAAEAAUAAgABgAHAAwAAAAQABAAAAAAAAEC",
    "EAAAABwAAAAEAAAAAAAAAAEAAABhAAAACAAMAAgABwAIAAAAAAAAASAAAAD/////mAAAABQAAAAAAAAADAAYAAYABQAIAAwADAAAAAADBAAcAAAA",
    "KAAAAAAAAAAAAAAADAAcABAABAAIAAwADAAAAEgAAAAcAAAAFAAAAEAAAAAAAAAAAAAAAAQABAAEAAAAAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "AAAAACUAAAAAAAAAAAAAAAEAAABAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAEIk0YYECCDgAAAE8BAAAABADkUAABAAAAAAAAAAAAAP////8AAAAA",
  ].join(""),
  "base64",
);

describe("tables", () => {
  test("CSV columns get the narrowest type that holds every cell", async () => {
    const text = "n,x,name,zip\n1,0.5,ann,0123\n-2,,bob,7\n300,1e3,ann,8\n";
    const { kind, ethers } = await read("a.csv", text);
    expect(kind).toBe("table");
    expect(ethers).toHaveLength(1);
    expect(ethers[0]?.payload).toEqual({
      n: Int16Array.of(1, -2, 300),
      x: Float64Array.of(0.5, Number.NaN, 1000),
      name: Uint32Array.of(0, 1, 0),
      zip: Uint32Array.of(0, 1, 2),
    });
    expect(ethers[0]?.extraFields["dictionaries"]).toEqual({
      name: ["ann", "bob"],
      zip: ["0123", "7", "8"],
    });
  });

  test("CSV is cut into parts, and a later cell widens its column", async () => {
    const rows = Array.from({ length: 12_000 }, (_, i) => `${i},${i < 11_000 ? i : "x"}`);
    const { parts, notes, summary } = await read("a.csv", `a,b\n${rows.join("\n")}\n`, {
      partBytes: 20_000,
    });
    expect(parts.length).toBeGreaterThan(1);
    expect(summary["rows"]).toBe(12_000);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^b: integer became text after row \d+$/);
    const read1 = parts.map(({ sourceBytes }) => sourceBytes);
    expect(read1).toEqual(read1.toSorted((a, b) => a - b));
  });

  test("tab-separated text, repeated and missing names", async () => {
    const { ethers } = await read("a.tsv", "a\ta\t\n1\t2\t3\n");
    expect(Object.keys(ethers[0]?.payload ?? {})).toEqual(["a", "a_2", "column_3"]);
  });

  test("a column may be called __proto__", async () => {
    const { ethers, summary } = await read("a.csv", "__proto__,b\n1,2\n");
    expect(Object.keys(ethers[0]?.payload ?? {})).toEqual(["__proto__", "b"]);
    expect(Object.keys(summary["columns"] as object)).toEqual(["__proto__", "b"]);
  });

  test("a broken line is named", async () => {
    await expect(read("a.csv", "a,b\n1,2\n1,2,3\n")).rejects.toThrow(
      /a\.csv: Invalid Record Length: expect 2, got 3 on line 3/,
    );
  });

  test("an empty table is refused", async () => {
    await expect(read("a.csv", "")).rejects.toThrow(ContentError);
    await expect(read("b.csv", "a,b\n")).rejects.toThrow("holds no rows");
  });

  test("Arrow files and streams keep numbers, and text becomes codes", async () => {
    const table = tableFromArrays({
      delay: Int16Array.of(5, -3, 7),
      big: BigInt64Array.of(1n, 2n, 1n << 60n),
      small: Uint8Array.of(1, 2, 3),
      name: ["x", "y", "x"],
    });
    for (const format of ["file", "stream"] as const) {
      const { ethers } = await read(`a-${format}`, tableToIPC(table, format));
      expect(ethers[0]?.payload).toEqual({
        delay: Int16Array.of(5, -3, 7),
        big: BigInt64Array.of(1n, 2n, 1n << 60n),
        small: Uint16Array.of(1, 2, 3),
        name: Uint32Array.of(0, 1, 0),
      });
      expect(ethers[0]?.extraFields["dictionaries"]).toEqual({ name: ["x", "y"] });
    }
  });

  test("a damaged Arrow file is refused", async () => {
    await expect(read("a.arrow", new Uint8Array(100).fill(255))).rejects.toThrow(ContentError);
    await expect(read("b.arrow", "ARROW1 and then nothing")).rejects.toThrow(
      /^.*b\.arrow is not a whole Arrow IPC file or stream with rows$/,
    );
    const whole = tableToIPC(tableFromArrays({ a: Int32Array.of(1, 2, 3) }), "stream");
    await expect(read("c.arrows", whole.subarray(0, whole.length - 40))).rejects.toThrow(
      ContentError,
    );
  });

  test("an Arrow file that is compressed inside says so", async () => {
    await expect(read("z.feather", compressedArrow)).rejects.toThrow(/compressed inside$/);
  });

  test("a JSON list of objects becomes a table on request", async () => {
    const rows = [{ a: 1, b: "x" }, { a: 2.5, b: null }, { a: null }];
    const { ethers } = await read("a.json", JSON.stringify(rows), { form: "arrow" });
    expect(ethers[0]?.payload).toEqual({
      a: Float64Array.of(1, 2.5, Number.NaN),
      b: Uint32Array.of(0, 0xffff_ffff, 0xffff_ffff),
    });
    await expect(read("b.json", "[1,2]", { form: "arrow" })).rejects.toThrow(
      "not a list of objects",
    );
  });

  test("means are computed per column and per group", async () => {
    const text = "delay,city\n10,rome\n20,oslo\n30,rome\n";
    const { summary } = await read("a.csv", text);
    expect(summary).toEqual({
      ethers: 1,
      rows: 3,
      columns: expect.objectContaining({
        delay: { count: 3, missing: 0, mean: 20, min: 10, max: 30 },
        city: {
          count: 3,
          missing: 0,
          distinct: 2,
          top: [
            { text: "rome", rows: 2, "mean delay": 20 },
            { text: "oslo", rows: 1, "mean delay": 20 },
          ],
        },
      }),
    });
  });
});

describe("pictures", () => {
  const rgba = Buffer.from([255, 0, 0, 255, 0, 0, 255, 255]);
  const png = (): Uint8Array => {
    const picture = new PNG({ width: 2, height: 1 });
    rgba.copy(picture.data);
    return PNG.sync.write(picture);
  };

  test("PNG becomes an image without its alpha where nothing is transparent", async () => {
    const { kind, ethers, summary } = await read("a.png", png());
    expect(kind).toBe("image");
    expect(ethers[0]?.payload).toEqual({
      width: 2,
      height: 1,
      channels: 3,
      data: Uint8Array.of(255, 0, 0, 0, 0, 255),
    });
    expect(summary["average_colour"]).toEqual([128, 0, 128]);
  });

  test("a picture becomes a float tensor on request", async () => {
    const { ethers } = await read("a.png", png(), { form: "tensor" });
    const tensor = ethers[0]?.payload["data"];
    expect(tensor).toBeInstanceOf(TensorView);
    expect((tensor as TensorView).shape).toEqual([1, 2, 3]);
    expect([...(tensor as TensorView).data]).toEqual([1, 0, 0, 0, 0, 1]);
  });

  test("JPEG is recognised by its bytes, whatever it is called", async () => {
    const data = Buffer.alloc(8 * 8 * 4, 255);
    const jpeg = encode({ width: 8, height: 8, data }, 90).data;
    const { summary } = await read("picture.dat", jpeg);
    expect(summary).toEqual({
      ethers: 1,
      width: 8,
      height: 8,
      channels: 3,
      average_colour: [255, 255, 255],
    });
  });

  test("a picture that claims billions of pixels is refused before it is decoded", async () => {
    const bomb = Buffer.from(png());
    bomb.writeUInt32BE(0x7fff_ffff, 16);
    bomb.writeUInt32BE(0x7fff_ffff, 20);
    await expect(read("a.png", bomb)).rejects.toThrow(/claims \d+ pixels/);
  });

  test("a JPEG of too many pixels is refused, and not called damaged", async () => {
    const data = Buffer.alloc(8 * 8 * 4, 255);
    const jpeg = Buffer.from(encode({ width: 8, height: 8, data }, 90).data);
    const frame = jpeg.indexOf(Uint8Array.of(0xff, 0xc0));
    jpeg.writeUInt16BE(60_000, frame + 5);
    jpeg.writeUInt16BE(60_000, frame + 7);
    await expect(read("a.jpg", jpeg)).rejects.toThrow(/more than 64000000 pixels/);
  });

  test("a damaged picture is refused", async () => {
    await expect(read("a.png", png().subarray(0, 40))).rejects.toThrow(
      /a\.png is damaged: it cannot be decoded as PNG$/,
    );
    await expect(read("a.jpg", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 1))).rejects.toThrow(
      ContentError,
    );
  });
});

describe("NumPy arrays", () => {
  test("float32 becomes a tensor", async () => {
    const { ethers, summary } = await read("a.npy", npy("<f4", "(2, 3)", floats(1, 2, 3, 4, 5, 6)));
    const tensor = ethers[0]?.payload["data"] as TensorView;
    expect(tensor.shape).toEqual([2, 3]);
    expect([...tensor.data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(summary["elements"]).toEqual({ count: 6, missing: 0, mean: 3.5, min: 1, max: 6 });
  });

  test("big-endian and column-major arrays come out in order", async () => {
    const swapped = floats(1, 4, 2, 5, 3, 6);
    for (let at = 0; at < swapped.length; at += 4) swapped.subarray(at, at + 4).reverse();
    const { ethers } = await read("a.npy", npy(">f4", "(2, 3)", swapped, "True"));
    const tensor = ethers[0]?.payload["data"] as TensorView;
    expect([...tensor.data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("other element types become an attachment with shape and dtype", async () => {
    const data = new Uint8Array(Float64Array.of(0.5, 1.5).buffer);
    const { ethers, summary } = await read("a.npy", npy("<f8", "(2,)", data));
    expect(ethers[0]?.payload["data"]).toEqual(new AttachmentRef("data"));
    expect(ethers[0]?.attachments[0]).toMatchObject({
      shape: [2],
      dtype: "float64",
      sizeBytes: 16,
    });
    expect(summary["elements"]).toMatchObject({ count: 2, mean: 1 });
  });

  test("a long array is cut along its first dimension", async () => {
    const data = floats(...Array.from({ length: 100 }, (_, i) => i));
    const { parts, summary } = await read("a.npy", npy("<f4", "(10, 10)", data), {
      partBytes: 120,
    });
    expect(parts).toHaveLength(4);
    expect(summary["shape"]).toEqual([10, 10]);
    expect(summary["elements"]).toMatchObject({ count: 100, mean: 49.5 });
  });

  test("so is one of a single dimension", async () => {
    const { parts, summary } = await read(
      "a.npy",
      npy("<f4", "(100,)", floats(...Array(100).keys())),
      {
        partBytes: 120,
      },
    );
    expect(parts).toHaveLength(4);
    expect(summary).toMatchObject({ shape: [100], elements: { count: 100, mean: 49.5 } });
  });

  test("a single number becomes an array of one", async () => {
    const { ethers, notes, summary } = await read("a.npy", npy("<f4", "()", floats(3)));
    expect(ethers[0]?.payload["data"]).toMatchObject({ shape: [1] });
    expect(notes).toEqual(["a single number became an array of one"]);
    expect(summary).toMatchObject({ shape: [1], elements: { mean: 3 } });
  });

  test("a pipe that promises more than fits into memory is refused before any of it is held", async () => {
    const source = await openSource(
      folder.write("a.npy", npy("<f8", "(1000000, 1000000)", floats(1), "True")),
    );
    const { parts } = openContent({ ...source, size: undefined }, undefined, { partBytes: 1000 });
    await expect(parts[Symbol.asyncIterator]().next()).rejects.toThrow(/cannot be cut into parts/);
    await source.close();
  });

  test.each([
    ["a short file", npy("<f4", "(2, 3)", floats(1))],
    ["objects", npy("|O", "(2,)", floats(1))],
    ["a shape beyond 2^53", npy("<f4", `(${"9".repeat(15)}, ${"9".repeat(15)})`, floats(1))],
    ["half a header", npy("<f4", "(1,)", floats(1)).subarray(0, 9)],
  ])("refuses %s", async (_, bytes) => {
    await expect(read("a.npy", bytes)).rejects.toThrow(ContentError);
  });
});

describe("everything else", () => {
  test("text is cut between characters", async () => {
    const text = "äöü€😀".repeat(50);
    const { parts, ethers } = await read("a.txt", text, { partBytes: 64 });
    expect(parts.length).toBeGreaterThan(5);
    expect(ethers.map(({ payload }) => payload["text"] as string).join("")).toBe(text);
  });

  test("bytes that are no text cannot be sent as text", async () => {
    const wrong = Uint8Array.of(0x61, 0xff);
    await expect(read("a.bin", wrong, { form: "text" })).rejects.toThrow("not UTF-8");
    const { kind, summary } = await read("a.bin", wrong);
    expect(kind).toBe("bytes");
    expect(summary["bytes"]).toBe(2);
  });

  test("an empty file is sent as one empty part", async () => {
    const { ethers } = await read("empty", "");
    expect(ethers).toHaveLength(1);
  });

  test("JSON is one Ether, and what is no JSON is told", async () => {
    const { ethers } = await read("a.json", '{"a":[1,{"b":null}]}');
    expect(ethers[0]?.payload).toEqual({ value: { a: [1, { b: null }] } });
    await expect(read("b.json", "{")).rejects.toThrow("is not JSON");
  });

  test("a form that does not fit is refused with what would", async () => {
    await expect(read("a.txt", "x", { form: "image" })).rejects.toMatchObject({
      fix: expect.stringContaining("PNG and JPEG"),
    });
    await expect(openSource(`${folder.path}/none`)).rejects.toThrow("does not exist");
    await expect(openSource(folder.path)).rejects.toThrow("not a regular file");
  });
});
