import { type Everything, Flags, Rounding, Side, WideFlags } from "../generated/everything.js";

/** A message with all that a schema can have. */
export const everything: Everything = {
  small: -5,
  count: 40_000,
  wide: 0xfedc_ba98_7654_3210n,
  signed: -9_007_199_254_740_993n,
  ratio: 0.1,
  maybe: -1,
  maybeFloat: 1.5,
  maybeDouble: -2.25,
  maybeBig: 12n,
  zeroIsNull: 9,
  side: Side.LEFT,
  maybeSide: Side.RIGHT,
  flags: Flags.swims | Flags.flies,
  wideFlags: WideFlags.last,
  name: "Ada",
  vector: [1, -0.5, 0.25],
  pair: [1n, 2n ** 64n - 1n],
  price: { mantissa: 1_234n, rounding: Rounding.UP },
  place: {
    x: { mantissa: -1n, rounding: Rounding.DOWN },
    y: { mantissa: 2n, rounding: Rounding.UP },
  },
  later: 77,
  legs: [
    {
      length: 70,
      toes: [
        { size: 3, nickname: "groß" },
        { size: 1, nickname: "" },
      ],
      shoe: Uint8Array.of(1, 2, 3),
    },
    { length: 71, toes: [], shoe: new Uint8Array(0) },
  ],
  arms: [{ strength: 2.5 }],
  motto: "语言",
  photo: Uint8Array.of(255, 0),
  extra: "new",
};
