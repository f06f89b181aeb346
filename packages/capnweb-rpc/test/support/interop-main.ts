/* oxlint-disable typescript/no-explicit-any -- either implementation, on any runtime */
type Stub = any;

/** Makes the class that peers of all kinds offer, on `RpcTarget` of whichever implementation. */
export function interopMain(RpcTarget: new () => object): new () => object {
  class Counter extends RpcTarget {
    #count = 0;
    inc(by: number) {
      this.#count += by;
      return this.#count;
    }
  }
  return class extends RpcTarget {
    echo(value: unknown) {
      return value;
    }
    counter() {
      return new Counter();
    }
    fail() {
      throw Object.assign(new RangeError("out"), { code: 7 });
    }
    async callBack(callback: Stub, value: unknown) {
      return await callback(value);
    }
    numbers() {
      return [1, 2, 3];
    }
    twice(n: number) {
      return n * 2;
    }
    stream() {
      return new ReadableStream({
        start(controller) {
          for (let chunk = 0; chunk < 50; chunk++) controller.enqueue("x".repeat(chunk));
          controller.close();
        },
      });
    }
    async size(stream: ReadableStream) {
      let size = 0;
      for await (const chunk of stream as unknown as AsyncIterable<string>) size += chunk.length;
      return size;
    }
  };
}
