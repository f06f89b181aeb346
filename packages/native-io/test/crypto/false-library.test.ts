import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Capability } from "@proj/native-io";
import { command, describeWith } from "@proj/peers";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "../native-peer.js";

// What looks like the library, but encrypts nothing; the macros say where it goes wrong.
const source = `
#include <stdint.h>
#include <stdlib.h>
struct manager { uint64_t head[7]; uint32_t arch; int error; void *functions[64]; };
static void nothing(void) {}
unsigned imb_get_version(void) { return VERSION; }
const char *imb_get_version_str(void) { return "false"; }
struct manager *alloc_mb_mgr(uint64_t flags) { (void)flags; return calloc(1, sizeof(struct manager)); }
void free_mb_mgr(struct manager *m) { free(m); }
void init_mb_mgr_auto(struct manager *m, int *arch) {
  *arch = 1;
  for (int i = 0; i < 64; i++) m->functions[i] = FUNCTION;
}
`;

describeWith("a multi-buffer library that is none", native, () => {
  describeWith("by a compiler", command("cc"), (cc) => {
    let folder: string;

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "false-library-"));
      writeFileSync(join(folder, "false.c"), source);
    });

    afterAll(() => rmSync(folder, { recursive: true }));

    /** What a process says of a library that was compiled with these macros. */
    function report(name: string, macros: readonly string[]): Capability | undefined {
      const output = join(folder, `${name}.so`);
      execFileSync(cc, ["-shared", "-fPIC", ...macros, join(folder, "false.c"), "-o", output]);
      const program = `import { backend } from "@proj/native-io";
        console.log(JSON.stringify(backend.crypto.capabilities()));`;
      const answer = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
        env: { ...process.env, NATIVE_IO_MULTI_BUFFER: output },
        encoding: "utf8",
      });
      const capabilities = JSON.parse(answer) as readonly Capability[];
      return capabilities.find((each) => each.name === "crypto.multi_buffer");
    }

    test.each([
      ["wrong", ["-DVERSION=0x10300", "-DFUNCTION=(void*)nothing"], "failed its self-test"],
      ["empty", ["-DVERSION=0x10300", "-DFUNCTION=0"], "does not know this processor"],
      [
        "foreign",
        ["-DVERSION=0x10300", "-DFUNCTION=(void*)&abort"],
        "does not know this processor",
      ],
      ["newer", ["-DVERSION=0x30000", "-DFUNCTION=0"], "neither version 1 nor 2"],
    ])("a %s one is refused, and says why", (name, macros, reason) => {
      const found = report(name, macros);
      expect(found?.available).toBe(false);
      expect(found?.reason).toContain(reason);
    });
  });
});
