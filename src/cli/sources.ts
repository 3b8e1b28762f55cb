// Where specs and images are found on this host.

import { accessSync, constants, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { parseSpec } from "../api/spec.ts";
import type { Issue } from "../base/error.ts";
import { findImage } from "../host/nodejs/images.ts";
import { planNode, type Plan, type Sources } from "../nvl/plan.ts";

/** Files relative to `folder`, images of the local store. */
export function hostSources(folder: string): Sources {
  const find = (name: string, isRight: (file: string) => boolean) => {
    const file = path.resolve(folder, name);
    try {
      accessSync(file, constants.R_OK);
      return isRight(file) ? file : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    findFile: (name) => find(name, (file) => statSync(file).isFile()), findPath: (name) => find(name, () => true),
    findImage: (name) => {
      const image = findImage(name);
      return image && { kernel: path.join(image.folder, image.kernel), initrds: image.initrds.map((file) => path.join(image.folder, file)), commandLine: image.commandLine };
    },
  };
}

/** Reads, checks and plans a spec file; the files it names are relative to it. */
export function planFile(file: string): { plan: Plan } | { issues: Issue[] } {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return { issues: [{ path: file, message: "cannot be read" }] };
  }
  return planText(text, file);
}

/** The same for text that has been read from `file`. */
export function planText(text: string, file: string): { plan: Plan } | { issues: Issue[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: "error" });
  if (document.errors.length > 0) {
    return { issues: document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return { path: `${file}:${line}:${col}`, message: error.message.split("\n")[0].replace(/ at line \d+, column \d+:?$/, "") };
    }) };
  }
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 });
  } catch (error) { // aliases: of nothing, or so many that they are an attack
    return { issues: [{ path: file, message: (error as Error).message }] };
  }
  const parsed = parseSpec(data);
  return "issues" in parsed ? parsed : planNode(parsed.spec, hostSources(path.dirname(file)));
}
