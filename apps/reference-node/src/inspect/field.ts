/** One named stretch of bytes. */
export interface Field {
  /** First byte, counted from the start of the input. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** The name that the specification gives it. */
  readonly name: string;
  /** What it says, for people. */
  readonly value: string;
}

/** Something wrong, at the byte where it is. */
export interface Finding {
  /** The byte, counted from the start of the input. */
  readonly offset: number;
  /** Permanent name of the failure: `xcp.crc_mismatch`. */
  readonly code: string;
  /** What is wrong, with its numbers. */
  readonly message: string;
}

/** Collects fields and findings while bytes are walked. */
export class FieldList {
  /** In the order they were added. */
  readonly fields: Field[] = [];
  /** In the order they were found. */
  readonly findings: Finding[] = [];

  /** Names the bytes from `offset` on. */
  add(offset: number, length: number, name: string, value: string): void {
    this.fields.push({ offset, length, name, value });
  }

  /** Notes something wrong. */
  find(offset: number, code: string, message: string): void {
    this.findings.push({ offset, code, message });
  }
}

/** `255` → `0x00ff`: numbers of fixed width as the specification writes them. */
export function hexNumber(value: number | bigint, bytes: number): string {
  return `0x${value.toString(16).padStart(bytes * 2, "0")}`;
}

/** The first bytes in hex, then how many there are. */
export function previewBytes(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, 16)).toString("hex");
  return bytes.length <= 16 ? shown || "(empty)" : `${shown}… (${bytes.length} bytes)`;
}

/** Text in quotes, cut when it is long. Control characters are escaped: input must not drive a terminal. */
export function previewText(text: string): string {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
  return shown.replaceAll(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, (letter) => {
    return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
