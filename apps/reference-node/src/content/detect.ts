import { arrowContent } from "./arrow-content.js";
import { type Content, ContentError, type ContentOptions } from "./content.js";
import { csvContent } from "./csv-content.js";
import { jsonTableContent } from "./json-table-content.js";
import { isNpy } from "./npy.js";
import { npyContent } from "./npy-content.js";
import { isPicture } from "./picture.js";
import { pictureContent, pictureTensorContent } from "./picture-content.js";
import { bytesContent, jsonContent, textContent } from "./plain-content.js";
import type { Source } from "./source.js";

/** What a file is sent as. */
export type ContentForm = "arrow" | "tensor" | "image" | "text" | "json" | "bytes";

/** All of them, for the command line. */
export const contentForms: readonly ContentForm[] = [
  "arrow",
  "tensor",
  "image",
  "text",
  "json",
  "bytes",
];

/** What lies in a file. */
type FileFormat = "arrow" | "csv" | "json" | "npy" | "picture" | "text" | "bytes";

const byExtension: Readonly<Record<string, FileFormat>> = {
  ".arrow": "arrow",
  ".arrows": "arrow",
  ".feather": "arrow",
  ".csv": "csv",
  ".tsv": "csv",
  ".json": "json",
  ".npy": "npy",
  ".png": "picture",
  ".jpg": "picture",
  ".jpeg": "picture",
  ".txt": "text",
  ".md": "text",
  ".log": "text",
};

const defaultForm: Readonly<Record<FileFormat, ContentForm>> = {
  arrow: "arrow",
  csv: "arrow",
  json: "json",
  npy: "tensor",
  picture: "image",
  text: "text",
  bytes: "bytes",
};

/**
 * Chooses how a file becomes Ethers.
 *
 * @param form `undefined`: what suits the file, by its first bytes and its extension.
 * @throws ContentError when the file cannot be sent as `form`.
 */
export function openContent(
  source: Source,
  form: ContentForm | undefined,
  options: ContentOptions,
): Content {
  const format = formatOf(source);
  const wanted = form ?? defaultForm[format];
  switch (wanted) {
    case "bytes":
      return bytesContent(source, options);
    case "text":
      return textContent(source, options);
    case "json":
      return jsonContent(source);
    case "arrow":
      return tableContent(source, format, options);
    case "tensor":
      if (format === "npy") return npyContent(source, options);
      if (format === "picture") return pictureTensorContent(source);
      throw cannot(source, "a tensor", ".npy, PNG and JPEG files");
    case "image":
      if (format === "picture") return pictureContent(source);
      throw cannot(source, "an image", "PNG and JPEG files");
  }
}

function tableContent(source: Source, format: FileFormat, options: ContentOptions): Content {
  if (format === "json") return jsonTableContent(source, options);
  if (format === "arrow") return arrowContent(source, options);
  if (format === "csv" || format === "text") return csvContent(source, options);
  throw cannot(source, "a table", "Arrow, CSV, TSV and JSON files");
}

function formatOf(source: Source): FileFormat {
  const { head } = source;
  if (isPicture(head)) return "picture";
  if (isNpy(head)) return "npy";
  if (startsWith(head, "ARROW1") || isArrowStream(head)) return "arrow";
  const named = byExtension[source.extension];
  if (named !== undefined) return named;
  if (!isText(head)) return "bytes";
  return /^\s*[[{]/.test(new TextDecoder().decode(head)) ? "json" : "text";
}

// A stream begins with a continuation marker and the length of its schema.
function isArrowStream(head: Uint8Array): boolean {
  return head.length > 8 && head.subarray(0, 4).every((byte) => byte === 0xff) && head[7] === 0;
}

function startsWith(head: Uint8Array, text: string): boolean {
  return Buffer.from(head.subarray(0, text.length)).toString("latin1") === text;
}

function isText(head: Uint8Array): boolean {
  if (head.includes(0)) return false;
  try {
    // The head may end in the middle of a character, which `stream` forgives.
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function cannot(source: Source, what: string, which: string): ContentError {
  return new ContentError(
    `${source.name} cannot be sent as ${what}`,
    `only ${which} can; leave --as out to send it as what it is`,
  );
}
