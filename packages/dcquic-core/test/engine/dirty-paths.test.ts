import { expect, test } from "@jest/globals";
import { DirtyPaths } from "#src/engine/dirty-paths.js";
import type { Path } from "#src/engine/path.js";

const pathsOf = (count: number): Path[] =>
  Array.from({ length: count }, (_, id) => ({ id, isDirty: false }) as unknown as Path);

function idsIn(dirty: DirtyPaths): number[] {
  return dirty.all.map(({ id }) => id);
}

test("paths are looked at once each, in the order in which something happened to them first", () => {
  const dirty = new DirtyPaths();
  const paths = pathsOf(4);
  for (const i of [2, 0, 2, 3, 0, 1]) dirty.add(paths[i] as Path);
  expect(idsIn(dirty)).toEqual([2, 0, 3, 1]);
  dirty.delete(paths[0] as Path);
  dirty.delete(paths[0] as Path);
  expect(idsIn(dirty)).toEqual([2, 3, 1]);
  dirty.keep(({ id }) => id !== 2);
  expect(idsIn(dirty)).toEqual([3, 1]);
  dirty.add(paths[2] as Path);
  dirty.add(paths[3] as Path);
  expect(idsIn(dirty)).toEqual([3, 1, 2]);
  dirty.keep(() => false);
  expect(idsIn(dirty)).toEqual([]);
});
