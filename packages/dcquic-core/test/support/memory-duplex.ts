import { Duplex } from "node:stream";

/** Two streams of which each reads what the other writes. */
export function duplexPair(): readonly [Duplex, Duplex] {
  const a: Duplex = side(() => b);
  const b: Duplex = side(() => a);
  return [a, b];
}

function side(other: () => Duplex): Duplex {
  return new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      other().push(Buffer.from(bytes));
      done();
    },
    final(done) {
      other().push(null);
      done();
    },
    destroy(error, done) {
      if (!other().destroyed) other().destroy();
      done(error);
    },
  });
}
