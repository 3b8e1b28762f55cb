// `nvl images`: what the local store has, and how to get more.

import { formatBytes } from "../base/text.ts";
import { pullDebian } from "../host/nodejs/debian.ts";
import { imageStoreFolder, listImages } from "../host/nodejs/images.ts";
import { errorLine, progress, table } from "./output.ts";

const PULLABLE = { debian: pullDebian } as const;

/** Prints the store's images. */
export function listCommand({ json }: { json?: boolean }): void {
  const images = listImages();
  if (json) console.log(JSON.stringify(images, undefined, 2));
  else if (images.length === 0) console.log(`no images in ${imageStoreFolder()}; \`nvl images pull debian\` fetches one`);
  else console.log(table([["IMAGE", "SIZE", "ORIGIN"], ...images.map(({ name, bytes, origin }) => [name, formatBytes(bytes), origin])]));
}

/** Fetches an image by name. @returns the exit status */
export async function pullCommand(name: string): Promise<number> {
  if (!Object.hasOwn(PULLABLE, name)) {
    console.error(errorLine(`there is no image ${name} to pull; ${Object.keys(PULLABLE).join(", ")} is allowed`));
    return 1;
  }
  const line = progress();
  try {
    const image = await PULLABLE[name as keyof typeof PULLABLE](line.step);
    line.done();
    console.log(`${image.name}: ${formatBytes(image.bytes)}, ${image.origin}`);
    return 0;
  } finally {
    line.done();
  }
}
