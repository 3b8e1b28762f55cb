// `npm run docs`: writes the documents that are made from the sources.
import { writeFileSync } from "node:fs";
import { build, installPackages } from "./setup.mjs";

installPackages();
build();
const { supportTable } = await import("../dist/isa/support-table.js");
const { specJsonSchema } = await import("../dist/api/spec.js");
const { specReference } = await import("../dist/api/reference.js");
const write = (name, text) => writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
write("instruction-set.md", supportTable());
const { systemCallTable } = await import("../dist/kitten/call/support-table.js");
write("system-calls.md", systemCallTable());
write("spec.md", specReference());
write("spec.schema.json", `${JSON.stringify(specJsonSchema(), undefined, 2)}\n`);
