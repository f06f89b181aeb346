import { expect, test } from "@jest/globals";
import { RpcPromise, RpcStub, RpcTarget } from "@proj/capnweb-rpc";

class Animal extends RpcTarget {
  name(): string {
    return "animal";
  }
}
class Dog extends Animal {
  bark(times: number): number {
    return times;
  }
  /** Refers to stubs of its own class. */
  mate(): Promise<RpcStub<Dog>> {
    return Promise.resolve(new RpcStub(new Dog()));
  }
}
class Kennel extends RpcTarget {
  dog(): Promise<Dog> {
    return Promise.resolve(new Dog());
  }
  stubOfDog(): Promise<RpcStub<Dog>> {
    return Promise.resolve(new RpcStub(new Dog()));
  }
  walk(dog: RpcStub<Dog> | null, times = 1): Promise<number> {
    return dog === null ? Promise.resolve(0) : Promise.resolve(dog.bark(times));
  }
  pair(): readonly [number, Dog] {
    return [1, new Dog()];
  }
  loose(): unknown {
    return 5;
  }
}

function takesPromise(value: Promise<number>): Promise<number> {
  return value;
}
function takesAnimal(value: RpcStub<Animal>): Promise<string> {
  return value.name();
}

test("promises of results go where promises go, and stubs where stubs of less go", async () => {
  const kennel = new RpcStub(new Kennel());
  const dog: RpcPromise<Dog> = kennel.dog();
  const stub: RpcPromise<Dog> = kennel.stubOfDog();
  const animal: RpcPromise<Animal> = dog;
  const nullable: RpcPromise<string | null> = animal.name();
  const one: RpcPromise<number> = kennel.pair()[0];
  const second: RpcPromise<Dog> = kennel.pair()[1];
  expect(await takesPromise(stub.bark(2))).toBe(2);
  expect(await takesAnimal(await stub)).toBe("animal");
  expect(await nullable).toBe("animal");
  expect(await takesPromise(one)).toBe(1);
  expect(await second.mate().mate().bark(3)).toBe(3);
  const loose: unknown = await kennel.loose();
  expect(loose).toBe(5);
});

test("arguments may be RPC promises, also of less than is declared", async () => {
  const kennel = new RpcStub(new Kennel());
  expect(await kennel.walk(kennel.dog(), kennel.pair()[0])).toBe(1);
  expect(await kennel.walk(kennel.stubOfDog(), new RpcPromise(Promise.resolve(2)))).toBe(2);
  expect(await kennel.walk(null)).toBe(0);
});

test("a promise is made of a promise, and nothing else", async () => {
  const made: RpcPromise<Dog> = new RpcPromise(Promise.resolve(new RpcStub(new Dog())));
  expect(await made.bark(4)).toBe(4);
  // @ts-expect-error -- not a promise
  void (() => new RpcPromise(42));
  // @ts-expect-error -- a stub is not one
  void (() => new RpcPromise(new RpcStub(new Dog())));
});

test("mappers are given something that cannot be waited for, and return nothing that must be", () => {
  const check = (kennel: RpcStub<{ dogs(): Dog[] }>): void => {
    // @ts-expect-error -- not to be waited for
    void kennel.dogs().map((dog) => dog.then(() => 1));
    // @ts-expect-error -- not asynchronous
    void kennel.dogs().map(async (dog) => dog.bark(1));
    // @ts-expect-error -- at no depth
    void kennel.dogs().map((dog) => ({ a: [dog.bark(1), Promise.resolve(2)] }));
    const barks: Promise<{ n: number }[]> = kennel.dogs().map((dog) => ({ n: dog.bark(1) }));
    void barks;
  };
  expect(check).toBeDefined();
});
