// Writes dist/bundle/NAME.js and NAME.body.js: a module of dist/ with all that it imports in one script. Node.js takes half a millisecond for each module that it loads, and
// `nvl exec` is to begin at once. Each module becomes a function that runs when it is first asked for, also by a dynamic import; names that it exports
// are those which the module itself has. What imports must share with other files, and packages, stay imports. Beside it lies NAME.cache, where it could be made (code-cache.mjs): what V8 has
// compiled of the script, by which it need not do so again; another V8 than the one that made it does not take it, and compiles.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
/** Errors are recognized by their class. */
const SHARED = new Set(["base/error.js"]);
const IMPORT = /^import\s+([^;"]*?)\s*from\s+"([^"]+)";$/gm, PLAIN_IMPORT = /^import\s+"([^"]+)";$/gm, REEXPORT = /^export\s+(\*|\{[^}]*\})\s*from\s+"([^"]+)";$/gm;
const DYNAMIC_OUTSIDE = /\bimport\((?=")(?!"\.)/g, DYNAMIC = /\bimport\("(\.[^"]+)"\)/g;

/** @param keep modules, by their path in dist/, that stay files of their own
 * @param late modules that are evaluated when one of their functions is called; they export nothing else that is used
 * @returns the bundle's path */
export async function bundle(entry, name, keep = [], late = []) {
  const modules = new Map(), outside = new Map();
  const isOutside = (target) => !target.startsWith(".") && !target.startsWith("/");
  const resolve = (from, target) => path.relative(dist, path.resolve(dist, path.dirname(from), target));
  /** How other code reaches a module: a call, or what was imported. */
  const reach = (from, target) => {
    const file = isOutside(target) ? target : resolve(from, target);
    if (!isOutside(target) && !SHARED.has(file)) return `m${add(file)}()`;
    if (!outside.has(file)) outside.set(file, `x${outside.size}`);
    return outside.get(file);
  };
  const bindings = (names, from) => {
    const star = /^\*\s+as\s+(\w+)$/.exec(names);
    return star ? `const ${star[1]} = ${from};` : /^\w+$/.test(names) ? `const ${names} = ${from}.default;` : names.includes(",") && !names.startsWith("{")
      ? (() => { throw new Error(`bundle: ${names}`); })() : `const ${names.replace(/\bas\b/g, ":")} = ${from};`;
  };
  function add(file) {
    const known = modules.get(file);
    if (known) return known.id;
    const module = { id: modules.size, code: "" };
    modules.set(file, module);
    const imports = [], stars = [], again = [];
    let code = readFileSync(path.join(dist, file), "utf8").replace(/^\/\/# sourceMappingURL.*$/gm, "");
    code = code.replace(REEXPORT, (_, names, target) => {
      const from = reach(file, target);
      if (names === "*") stars.push(`...${from}`);
      else for (const part of names.slice(1, -1).split(",").map((text) => text.trim()).filter(Boolean)) {
        const [inner, outer = inner] = part.split(/\s+as\s+/);
        again.push(`${outer}: ${from}.${inner}`);
      }
      return "";
    });
    code = code.replace(IMPORT, (_, names, target) => {
      const from = reach(file, target);
      if (!isOutside(target) && late.includes(resolve(file, target))) for (const each of names.slice(1, -1).split(",").map((text) => text.trim())) imports.push(`const ${each} = (...args) => ${from}.${each}(...args);`);
      else imports.push(bindings(names, from));
      return "";
    }).replace(PLAIN_IMPORT, (_, target) => {
      imports.push(`${reach(file, target)};`);
      return "";
    }).replaceAll("import.meta.url", `new URL(${JSON.stringify(`../${file}`)}, base).href`).replace(DYNAMIC_OUTSIDE, "load(").replace(DYNAMIC, (_, target) => {
      const to = resolve(file, target);
      return keep.includes(to) ? `load(${JSON.stringify(`../${to}`)})` : `Promise.resolve().then(() => ${reach(file, target)})`;
    });
    module.imports = imports;
    module.stars = stars;
    module.again = again;
    module.declared = code.replace(/^export \{[^}]*\};$/gm, "").replace(/^export (?=const|let|function|async|class)/gm, "");
    return module.id;
  }
  add(entry);
  const parts = [];
  for (const [file, { id, imports, stars, again, declared }] of modules) {
    const own = Object.keys(await import(pathToFileURL(path.join(dist, file)))).filter((key) => !again.some((each) => each.startsWith(`${key}:`)) && new RegExp(`\\b(const|let|function|class|function\\*)\\b[^;]*\\b${key}\\b`, "s").test(declared));
    parts.push(`// ${file}\nlet e${id};\nfunction m${id}() {\nif (e${id}) return e${id};\n${imports.join("\n")}\n${declared.trim()}\nreturn e${id} = { ${[...stars, ...again, ...own].join(", ")} };\n}`);
  }
  const names = Object.keys(await import(pathToFileURL(path.join(dist, entry))));
  const head = [...outside].map(([target, local]) => `import * as ${local} from ${JSON.stringify(isOutside(target) && !SHARED.has(target) ? target : `../${target}`)};`), locals = [...outside.values()].join(", ");
  const folder = path.join(dist, "bundle"), about = `// Made by scripts/bundle.mjs of dist/${entry} and what it imports.\n`;
  mkdirSync(folder, { recursive: true });
  // one byte per character is read as it is
  writeFileSync(path.join(folder, `${name}.body.js`), `(function (base, load, ${locals}) {\n${parts.join("\n")}\nreturn m0();\n})`.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`));
  rmSync(path.join(folder, `${name}.cache`), { force: true });
  const out = path.join(folder, `${name}.js`);
  writeFileSync(out, `${about}import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
${head.join("\n")}
const file = (kind) => fileURLToPath(new URL("./${name}." + kind, import.meta.url)), cache = file("cache");
export const script = new Script(readFileSync(file("body.js"), "latin1"), { filename: file("body.js"), ...(existsSync(cache) && { cachedData: readFileSync(cache) }) });
export const { ${names.join(", ")} } = script.runInThisContext()(import.meta.url, (what) => import(what), ${locals});
`);
  return out;
}
