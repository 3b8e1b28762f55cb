// `npm run docs`: writes the documents that are made from the sources.
import { writeFileSync } from "node:fs";
import { build, installPackages } from "./setup.mjs";

installPackages();
build();
const { supportTable } = await import("../dist/isa/support-table.js");
writeFileSync(new URL("../docs/instruction-set.md", import.meta.url), supportTable());
