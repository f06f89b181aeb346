import { SaxesParser } from "saxes";
import { schemaProblem } from "./problem.js";

/** One element of a schema file, with namespaces prefixes taken off. */
export interface Element {
  /** The local name: `message`, not `sbe:message`. */
  readonly name: string;
  /** The attributes by local name. */
  readonly attributes: ReadonlyMap<string, string>;
  /** The elements inside, in order. */
  readonly children: Element[];
  /** The text inside, without blanks around it. */
  text: string;
  /** The line where the element starts, counted from 1. */
  readonly line: number;
}

/** Levels of nesting that a schema file may have: a group in a group in a group is far below. */
const MAX_DEPTH = 32;

/**
 * Reads a schema file as a tree of elements.
 *
 * @throws {@link SbeError} `sbe.schema_invalid` for text that is no well-formed XML, with its line.
 */
export function parseElements(xml: string): Element {
  const parser = new SaxesParser();
  const open: Element[] = [];
  let root: Element | undefined;
  parser.on("error", (error) => {
    throw schemaProblem(parser.line, error.message.replace(/^\d+:\d+: /, ""));
  });
  parser.on("opentag", (tag) => {
    const attributes = new Map<string, string>();
    for (const [name, value] of Object.entries(tag.attributes)) {
      attributes.set(localName(name), value);
    }
    const element = {
      name: localName(tag.name),
      attributes,
      children: [],
      text: "",
      line: parser.line,
    };
    if (open.length === MAX_DEPTH) throw schemaProblem(parser.line, "elements nest too deeply");
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else parent.children.push(element);
    open.push(element);
  });
  parser.on("text", (text) => {
    const top = open.at(-1);
    if (top !== undefined) top.text += text.trim();
  });
  parser.on("closetag", () => {
    open.pop();
  });
  parser.write(xml).close();
  if (root === undefined) throw schemaProblem(1, "the file has no element");
  return root;
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
