import { type Operation, runSuite } from "@proj/bench";
import { viewOf } from "@proj/sbe";
import {
  decodeQuote,
  encodeQuote,
  type Quote,
  QuoteDecoder,
  QuoteEncoder,
} from "./generated/quote.js";

const LEVELS = 10;
const quote: Quote = {
  instrument: 7,
  time: 1_234_567,
  last: 101.5,
  levels: Array.from({ length: LEVELS }, (_, index) => ({ price: 100 + index, size: index * 10 })),
};
const message = encodeQuote(quote);

await runSuite({
  name: "sbe",
  question:
    "What does a message cost, as flyweight and as object, beside JSON and a DataView by hand?",
  cases: [
    {
      name: `write ${message.length} B`,
      pace: { kind: "batch" },
      peers: [
        { name: "flyweight", open: writeFlyweight },
        { name: "DataView by hand", open: writeByHand },
        { name: "object", open: () => ({ run: () => encodeQuote(quote) }) },
        {
          name: "JSON to bytes",
          open: () => {
            const encoder = new TextEncoder();
            return { run: () => encoder.encode(JSON.stringify(quote)) };
          },
        },
      ],
    },
    {
      name: `read ${message.length} B`,
      pace: { kind: "batch" },
      peers: [
        { name: "flyweight", open: readFlyweight },
        { name: "DataView by hand", open: readByHand },
        { name: "object", open: () => ({ run: () => decodeQuote(message) }) },
        {
          name: "JSON from bytes",
          open: () => {
            const bytes = new TextEncoder().encode(JSON.stringify(quote));
            const decoder = new TextDecoder();
            return { run: () => JSON.parse(decoder.decode(bytes)) as unknown };
          },
        },
      ],
    },
  ],
});

function writeFlyweight(): Operation {
  const view = viewOf(new Uint8Array(message.length));
  const encoder = new QuoteEncoder();
  return {
    run: () => {
      encoder.wrap(view).instrument(7).time(1_234_567).last(101.5);
      const levels = encoder.levels(LEVELS);
      for (let index = 0; index < LEVELS; index++) {
        levels
          .next()
          .price(100 + index)
          .size(index * 10);
      }
      return encoder.end();
    },
  };
}

function writeByHand(): Operation {
  const view = viewOf(new Uint8Array(message.length));
  return {
    run: () => {
      view.setUint32(0, 0x0001_0010, true);
      view.setUint32(4, 0x0001_0009, true);
      view.setUint32(8, 7, true);
      view.setUint32(12, 1_234_567, true);
      view.setFloat64(16, 101.5, true);
      view.setUint16(24, 12, true);
      view.setUint16(26, LEVELS, true);
      for (let index = 0; index < LEVELS; index++) {
        view.setFloat64(28 + index * 12, 100 + index, true);
        view.setUint32(36 + index * 12, index * 10, true);
      }
    },
  };
}

function readFlyweight(): Operation {
  const view = viewOf(message);
  const decoder = new QuoteDecoder();
  return {
    run: () => {
      decoder.wrap(view);
      let sum = decoder.instrument() + decoder.time() + decoder.last();
      const levels = decoder.levels();
      while (levels.next()) sum += levels.price() * levels.size();
      return sum;
    },
  };
}

function readByHand(): Operation {
  const view = viewOf(message);
  return {
    run: () => {
      let sum = view.getUint32(8, true) + view.getUint32(12, true) + view.getFloat64(16, true);
      const count = view.getUint16(26, true);
      for (let index = 0; index < count; index++) {
        sum += view.getFloat64(28 + index * 12, true) * view.getUint32(36 + index * 12, true);
      }
      return sum;
    },
  };
}
