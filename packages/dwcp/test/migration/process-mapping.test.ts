import { expect, test } from "@jest/globals";
import { isOwnMemory, parseMappings } from "@proj/dwcp";

const maps = `00400000-00401000 r--p 00000000 fe:01 1234                               /usr/bin/some program
00601000-00603000 rw-p 00001000 fe:01 1234                               /usr/bin/some program
01000000-01021000 rw-p 00000000 00:00 0                                  [heap]
7f0000000000-7f0000100000 rw-p 00000000 00:00 0 
7f0000200000-7f0000300000 rw-s 00000000 00:05 77                         /dev/dri/card0
7ffd1f5f4000-7ffd1f5f8000 r--p 00000000 00:00 0                          [vvar]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`;

test("the mappings of a process are its lines, as far as addresses are numbers", () => {
  const mappings = parseMappings(maps);
  expect(mappings).toHaveLength(6);
  expect(mappings[1]).toEqual({
    start: 0x601000,
    length: 8_192,
    isWritable: true,
    name: "/usr/bin/some program",
  });
  expect(mappings.filter(isOwnMemory).map(({ name }) => name)).toEqual([
    "/usr/bin/some program",
    "[heap]",
    "",
  ]);
});

test("lines of another form are left out", () => {
  for (const text of ["", "\n\n", "x-y rw-p 0 0 0", "2000-1000 rw-p 0 0 0", "1000-2000 rw", "1-"]) {
    expect(parseMappings(text)).toEqual([]);
  }
});
