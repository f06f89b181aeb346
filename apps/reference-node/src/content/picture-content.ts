import { type Ether, imageEther, tensorEther } from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";
import type { Content } from "./content.js";
import { decodePicture, MAX_PICTURE_PIXELS, type Picture } from "./picture.js";
import type { Source } from "./source.js";

/** A picture as an `image` Ether: bytes of height × width × channels. spec/xcp.md §18 */
export function pictureContent(source: Source): Content {
  return single(source, "image", (picture) => imageEther(picture));
}

/** A picture as a `tensor` Ether: float32 of 0..1, [height, width, channels]. */
export function pictureTensorContent(source: Source): Content {
  return single(source, "tensor", pictureTensor);
}

/** Makes the float32 tensor of a picture: 0..1, [height, width, channels]. */
export function pictureTensor(picture: Picture): Ether {
  const values = Float32Array.from(picture.data, (byte) => byte / 255);
  const shape = [picture.height, picture.width, picture.channels];
  return tensorEther(new TensorView("float32", shape, values));
}

function single(source: Source, kind: string, make: (picture: Picture) => Ether): Content {
  async function* parts(): AsyncGenerator<{ ethers: Ether[]; sourceBytes: number }> {
    // The largest picture allowed, uncompressed and with room for its headers.
    const bytes = await source.whole(4 * MAX_PICTURE_PIXELS);
    yield { ethers: [make(decodePicture(source.name, bytes))], sourceBytes: bytes.length };
  }
  return { kind, totalBytes: source.size, parts: parts(), notes: [] };
}
