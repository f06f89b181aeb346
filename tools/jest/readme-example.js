// A README's first `ts` block is an example that runs: it is also valid JavaScript, and the comment lines that end it
// are what it prints.
const firstBlock = /^```ts\n([\s\S]*?)^```$/m;
const lastComments = /(?:^\/\/ .*\n)+(?![^])/m;

/** The example of a README's text, and what it says that it prints. */
export function readmeExample(readme) {
  const code = firstBlock.exec(readme)?.[1];
  if (code === undefined) throw new Error("the README has no ts block");
  return { code, promised: promisedBy(code) };
}

/** What the comment lines that end a program say that it prints. */
export function promisedBy(code) {
  return (lastComments.exec(code)?.[0] ?? "").replaceAll(/^\/\/ /gm, "");
}
