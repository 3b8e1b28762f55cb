// The local image store: a folder per image with `image.json`, a kernel and initrds. Images are found by name wherever a kernel may be named.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { NvlError } from "../../base/error.ts";

/** What `image.json` says. File names are relative to the image's folder. */
export interface ImageManifest {
  /** IMAGE_REVISION when it was made. */
  revision: number;
  name: string;
  kernel: string;
  initrds: string[];
  /** Command line that the image is meant to be booted with; a spec's own words follow it. */
  commandLine: string;
  /** Where it came from, for people: package names and versions. */
  origin: string;
}
/** Counts changes of what we put into images (the init program, the command line): images of another revision are not seen, so they are pulled anew. */
export const IMAGE_REVISION = 3;
export interface StoredImage extends ImageManifest { folder: string; bytes: number }

/** The store's folder: `NVL_IMAGES`, else `nvl/images` in the user's cache folder. */
export function imageStoreFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.NVL_IMAGES ?? path.join(env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"), "nvl", "images");
}

function readImage(folder: string): StoredImage | undefined {
  const file = path.join(folder, "image.json");
  if (!existsSync(file)) return undefined;
  try {
    const manifest = JSON.parse(readFileSync(file, "utf8")) as ImageManifest;
    if (manifest.revision !== IMAGE_REVISION) return undefined;
    const files = [manifest.kernel, ...manifest.initrds].map((name) => path.join(folder, name));
    if (!files.every((name) => existsSync(name))) return undefined;
    return { ...manifest, folder, bytes: files.reduce((sum, name) => sum + statSync(name).size, 0) };
  } catch (cause) {
    throw new NvlError("images/manifest", `${file} is not a valid image manifest; remove its folder and pull again`, { cause });
  }
}

/** All complete images, by name. */
export function listImages(store = imageStoreFolder()): StoredImage[] {
  if (!existsSync(store)) return [];
  return readdirSync(store).filter((name) => !name.startsWith(".")).flatMap((name) => readImage(path.join(store, name)) ?? []);
}

/** An image by name, or undefined when the store has none. */
export function findImage(name: string, store = imageStoreFolder()): StoredImage | undefined {
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name)) return undefined;
  return readImage(path.join(store, name));
}

/** Stores an image under its name, replacing an older one; a half-written image is never seen. */
export function storeImage(content: Omit<ImageManifest, "revision">, files: Readonly<Record<string, Uint8Array>>, store = imageStoreFolder()): StoredImage {
  const manifest: ImageManifest = { revision: IMAGE_REVISION, ...content };
  const folder = path.join(store, manifest.name), draft = path.join(store, `.${manifest.name}.${process.pid}`);
  mkdirSync(draft, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(draft, name), bytes);
  writeFileSync(path.join(draft, "image.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
  return readImage(folder)!;
}
