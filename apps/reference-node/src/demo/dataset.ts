import { createEther, type Ether, imageEther, tensorEther } from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";
import { tableFromIPC } from "apache-arrow";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { columnsOfRows } from "../content/json-table-content.js";
import { decodePicture, type Picture } from "../content/picture.js";
import { pictureTensor } from "../content/picture-content.js";
import { tableEther } from "../content/table.js";
import { attachedTensorEther } from "../content/tensor-attachment.js";

/** What the tour sends: real flights and a real picture, from the npm package vega-datasets. */
export interface Dataset {
  /** Where the files lie, for people who want to send them by hand. */
  readonly folder: string;
  /** 200 000 flights: delay, distance, time of day. */
  readonly flights: Ether;
  /** The same as one float32 tensor [200000, 3]. */
  readonly flightsTensor: Ether;
  /** The same as an attachment with shape and dtype. */
  readonly flightsAttachment: Ether;
  /** 10 000 flights with date, origin and destination. */
  readonly routes: Ether;
  /** 2 000 flights as one Ether each. */
  readonly flightRows: readonly Ether[];
  /** A picture as pixels. */
  readonly picture: Ether;
  /** The same as a float32 tensor of 0..1, one row of pixels per row: 8-bit tensors have a scale for each. */
  readonly pictureTensor: Ether;
}

type Row = Readonly<Record<string, unknown>>;

/** Reads the data set. @throws Error when the package's files are missing. */
export function loadDataset(): Dataset {
  const entry = fileURLToPath(import.meta.resolve("vega-datasets"));
  const folder = join(dirname(entry), "..", "data");
  const flights = flightColumns(readFileSync(join(folder, "flights-200k.arrow")));
  const image: Picture = decodePicture("ffox.png", readFileSync(join(folder, "ffox.png")));
  const matrix = interleave([...flights.values()]);
  return {
    folder,
    flights: tableEther(flights),
    flightsTensor: tensorEther(matrix),
    flightsAttachment: attachedTensorEther(matrix),
    routes: tableEther(columnsOfRows(readRows(join(folder, "flights-10k.json")))),
    flightRows: readRows(join(folder, "flights-2k.json")).map(flightEther),
    picture: imageEther(image),
    pictureTensor: rowsOfPixels(pictureTensor(image)),
  };
}

type NumberColumn = Int16Array | Float32Array;

function flightColumns(ipc: Uint8Array): ReadonlyMap<string, NumberColumn> {
  const table = tableFromIPC(ipc);
  return new Map(
    table.schema.fields.map(({ name }): [string, NumberColumn] => {
      const column = table.getChild(name)?.toArray() as NumberColumn | undefined;
      return [name, column?.slice() ?? new Float32Array()];
    }),
  );
}

function interleave(columns: readonly NumberColumn[]): TensorView {
  const rows = columns[0]?.length ?? 0;
  const values = new Float32Array(rows * columns.length);
  for (const [k, column] of columns.entries()) {
    for (let i = 0; i < rows; i++) values[i * columns.length + k] = column[i] ?? 0;
  }
  return new TensorView("float32", [rows, columns.length], values);
}

function flightEther(row: Row): Ether {
  const { date, delay, distance, origin, destination } = row;
  return createEther({
    kind: "flight",
    payload: {
      date: String(date),
      delay: Number(delay),
      distance: Number(distance),
      origin: String(origin),
      destination: String(destination),
    },
  });
}

function rowsOfPixels(ether: Ether): Ether {
  const pixels = ether.payload["data"] as TensorView;
  const [height = 0] = pixels.shape;
  return tensorEther(new TensorView(pixels.dtype, [height, pixels.length / height], pixels.data));
}

function readRows(file: string): readonly Row[] {
  return JSON.parse(readFileSync(file, "utf8")) as readonly Row[];
}
