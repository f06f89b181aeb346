import { Http3Error } from "./http3-error.js";

/**
 * Length in bits of the code of each byte, and of the end of the text. The code is canonical: within a length, codes count
 * up with the byte. RFC 7541 Appendix B
 */
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5,
  6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6,
  7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
  23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22,
  22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
  23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27,
  27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25,
  24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const END = 256;
const LONGEST = 30;

/** For each length: its first code, and the symbols of that length in order. */
const rows: readonly { readonly first: number; readonly symbols: readonly number[] }[] = (() => {
  let code = 0;
  return Array.from({ length: LONGEST + 1 }, (_, length) => {
    const symbols = codeLengths.flatMap((own, symbol) => (own === length ? [symbol] : []));
    const first = code;
    code = (code + symbols.length) * 2;
    return { first, symbols };
  });
})();

/** Reads a text in the code of HPACK and QPACK. @throws Http3Error `QPACK_DECOMPRESSION_FAILED` */
export function decodeHuffman(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const text: number[] = [];
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      const { first, symbols } = rows[++length] ?? failed();
      const symbol = symbols[code - first];
      if (symbol === undefined) continue;
      if (symbol === END) failed();
      text.push(symbol);
      code = 0;
      length = 0;
    }
  }
  // What is left over is the beginning of the end: less than a byte of ones.
  if (length > 7 || code !== 2 ** length - 1) failed();
  return Uint8Array.from(text);
}

function failed(): never {
  throw new Http3Error("QPACK_DECOMPRESSION_FAILED", "malformed Huffman code");
}
