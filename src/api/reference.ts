// The reference of specs for people, made from the schema.

import { specJsonSchema } from "./spec.ts";

interface Schema {
  type?: string; description?: string; default?: unknown; enum?: unknown[]; const?: unknown; properties?: Record<string, Schema>; required?: string[];
  items?: Schema; anyOf?: Schema[]; minimum?: number; maximum?: number; additionalProperties?: boolean | Schema; examples?: unknown[];
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map(String).join(", ");
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}`;
  if (schema.type === "object") return schema.properties ? "object" : "map of text";
  const range = schema.minimum !== undefined && schema.maximum !== undefined && schema.maximum < 2 ** 40 ? ` ${schema.minimum} to ${schema.maximum}` : "";
  return `${schema.type === "integer" ? "whole number" : schema.type === "string" ? "text" : schema.type ?? "any"}${range}`;
}

function* rows(schema: Schema, path: string): Generator<string> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const isList = field.type === "array" && field.items?.properties !== undefined;
    const at = `${path}${name}${isList ? "[]" : ""}`;
    const needed = field.default !== undefined ? `\`${JSON.stringify(field.default)}\`` : schema.required?.includes(name) ? "required" : "";
    yield `| \`${at}\` | ${typeOf(field)} | ${needed} | ${field.description ?? ""} |`;
    yield* rows(isList ? field.items! : field, `${at}.`);
  }
}

/** docs/spec.md */
export function specReference(): string {
  return [
    "# The spec of a node", "",
    "A spec is YAML or JSON. `nvl validate FILE` checks one; [spec.schema.json](spec.schema.json) is its JSON Schema, for editors. Files are relative to the spec.",
    "This page is made from the schema by `npm run docs`.", "",
    "| field | type | default | meaning |", "| --- | --- | --- | --- |", ...rows(specJsonSchema() as Schema, ""), "",
  ].join("\n");
}
