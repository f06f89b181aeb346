import { type Ether, textEther } from "@proj/ether-codecs";
import type { CodecName } from "@proj/wire-types";
import type { Dataset } from "./dataset.js";

/** How a stop of the tour reaches the other node. */
export type TourTransport = "tcp" | "unix" | "ws" | "h2" | "dcquic";

/** What happens to the payload on its way. */
type TourMode = "plain" | "compressed" | "encrypted" | "compressed, encrypted" | "shared memory";

/** One thing that the tour sends. */
export interface Stop {
  /** What it is, for people. */
  readonly what: string;
  readonly ethers: readonly Ether[];
  readonly codec: CodecName;
  readonly mode: TourMode;
  readonly transport: TourTransport;
  /** Frame limit of the connection; the default where absent. */
  readonly maxFrameBytes?: number;
}

/** Everything the tour sends, in order. */
export function tourStops(data: Dataset): readonly Stop[] {
  const flights = { what: "200 000 flights", ethers: [data.flights], codec: "ARROW_IPC" } as const;
  const routes = { what: "10 000 routes", ethers: [data.routes] } as const;
  const picture = { what: "picture 100×100", mode: "plain", transport: "tcp" } as const;
  const plain = { mode: "plain", transport: "tcp" } as const;
  return [
    {
      ...plain,
      what: "a sentence",
      ethers: [textEther("Hello from the other node.")],
      codec: "JSON",
    },
    { ...flights, ...plain },
    { ...flights, ...plain, what: "… in frames of 64 KiB", maxFrameBytes: 65_536 },
    { ...flights, mode: "compressed", transport: "tcp" },
    { ...flights, mode: "encrypted", transport: "tcp" },
    { ...flights, mode: "compressed, encrypted", transport: "tcp" },
    {
      ...plain,
      what: "flights as attachment",
      ethers: [data.flightsAttachment],
      codec: "PROTOBUF",
    },
    {
      what: "flights as attachment",
      ethers: [data.flightsAttachment],
      codec: "PROTOBUF",
      mode: "shared memory",
      transport: "unix",
    },
    { ...flights, mode: "plain", transport: "unix" },
    { ...flights, mode: "plain", transport: "ws" },
    { ...flights, mode: "plain", transport: "h2" },
    { ...flights, mode: "plain", transport: "dcquic" },
    {
      ...plain,
      what: "2 000 flights, one Ether each",
      ethers: data.flightRows,
      codec: "ARROW_IPC",
    },
    { ...routes, ...plain, codec: "ARROW_IPC" },
    { ...routes, ...plain, codec: "PROTOBUF" },
    { ...routes, ...plain, codec: "JSON" },
    { ...routes, codec: "JSON", mode: "compressed", transport: "tcp" },
    { ...plain, what: "flights as tensor", ethers: [data.flightsTensor], codec: "TENSOR_F32" },
    { ...picture, ethers: [data.picture], codec: "PROTOBUF" },
    { ...picture, ethers: [data.pictureTensor], codec: "TENSOR_F32" },
    { ...picture, ethers: [data.pictureTensor], codec: "TENSOR_F16" },
    { ...picture, ethers: [data.pictureTensor], codec: "TENSOR_QNT8" },
  ];
}
