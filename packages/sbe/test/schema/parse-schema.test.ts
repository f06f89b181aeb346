import { describe, expect, test } from "@jest/globals";
import { SbeError } from "@proj/sbe";
import { parseSchema } from "@proj/sbe/generator";

const header = `<composite name="messageHeader">
  <type name="blockLength" primitiveType="uint16"/><type name="templateId" primitiveType="uint16"/>
  <type name="schemaId" primitiveType="uint16"/><type name="version" primitiveType="uint16"/>
</composite>`;

function schema(types: string, messages: string, attributes = 'id="1" version="0"'): string {
  return `<messageSchema package="p" ${attributes}><types>${header}${types}</types>${messages}</messageSchema>`;
}

describe("offsets", () => {
  test("fields follow each other, and explicit offsets leave room", () => {
    const [message] = parseSchema(
      schema(
        "",
        '<message name="M" id="1"><field name="a" id="1" type="uint8"/><field name="b" id="2" type="uint32" offset="4"/></message>',
      ),
    ).messages;
    expect(message?.block.fields.map(({ offset }) => offset)).toEqual([0, 4]);
    expect(message?.block.blockLength).toBe(8);
  });

  test("a type may be declared behind the one that names it", () => {
    const parsed = parseSchema(
      schema(
        '<composite name="A"><ref name="b" type="B"/></composite><composite name="B"><type name="x" primitiveType="int64"/></composite>',
        "",
      ),
    );
    expect(parsed.types.get("A")).toMatchObject({ kind: "composite", size: 8 });
  });

  test("included files bring their types", () => {
    const xml = `<messageSchema xmlns:xi="http://www.w3.org/2001/XInclude" id="1"><xi:include href="types.xml"/></messageSchema>`;
    const files = new Map([["types.xml", `<types>${header}</types>`]]);
    expect(parseSchema(xml, { include: (href) => files.get(href) ?? "" }).header.size).toBe(8);
    expect(problem(xml)).toBe("line 1: types.xml is included, and this reader includes nothing");
  });
});

test.each([
  ["<a", /^line 1: .*/],
  ["<other/>", "line 1: <other> is no <messageSchema>"],
  ["<messageSchema/>", "line 1: there is no type messageHeader"],
  [schema("", '<message id="1"/>'), /needs the attribute name/],
  [schema("", '<message name="a b" id="1"/>'), /"a b" is no name/],
  [schema("", '<message name="M" id="70000"/>'), /id of <message> is "70000", expected 0 to 65535/],
  [schema("", '<message name="M" id="1"/><message name="N" id="1"/>'), /1 is given twice/],
  [schema('<type name="T" primitiveType="int9"/>', ""), /there is no type int9/],
  [schema('<type name="T" primitiveType="int8" presence="maybe"/>', ""), /presence is "maybe"/],
  [
    schema('<type name="T" primitiveType="int8" nullValue="200"/>', ""),
    /"200" is no value of int8/,
  ],
  [schema('<type name="T" primitiveType="int8" presence="constant"/>', ""), /needs its value/],
  [
    schema('<type name="T" primitiveType="int8"/><type name="T" primitiveType="int8"/>', ""),
    /declared twice/,
  ],
  [schema('<enum name="E" encodingType="uint64"/>', ""), /an enum of uint64/],
  [schema('<set name="S" encodingType="int8"/>', ""), /a set of int8/],
  [
    schema('<set name="S" encodingType="uint8"><choice name="c">8</choice></set>', ""),
    /"8" is no bit of 8/,
  ],
  [schema('<composite name="C"><ref name="c" type="C"/></composite>', ""), /C holds itself/],
  [
    schema(
      '<composite name="C"><type name="a" primitiveType="int64"/><type name="b" primitiveType="int8" offset="4"/></composite>',
      "",
    ),
    /offset 4 lies inside what ends at 8/,
  ],
  [
    schema(
      "",
      '<message name="M" id="1"><data name="d" id="1" type="x"/><field name="f" id="2" type="int8"/></message>',
    ),
    /fields come first/,
  ],
  [
    schema(
      "",
      '<message name="M" id="1"><field name="f" id="2" type="int8" presence="constant"/></message>',
    ),
    /needs valueRef/,
  ],
  [
    schema(
      "",
      '<message name="M" id="1" blockLength="2"><field name="f" id="2" type="int64"/></message>',
    ),
    /blockLength 2, the fields need 8/,
  ],
  [schema("", "", 'id="1" byteOrder="middle"'), /byteOrder is "middle"/],
  ["<a>".repeat(40), /nest too deeply/],
])("a schema that is wrong says where: %s", (xml, expected) => {
  if (typeof expected === "string") expect(problem(xml)).toBe(expected);
  else expect(problem(xml)).toMatch(expected);
});

function problem(xml: string): string {
  try {
    parseSchema(xml);
  } catch (error) {
    if (error instanceof SbeError && error.code === "sbe.schema_invalid") return error.message;
    throw error;
  }
  return "no problem";
}
