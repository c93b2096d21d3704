// The built library, as users get it. Types come from the sources, so that `npm run check` needs no build. Not by its name:
// this folder is a package of its own, and a package can import only itself by name.
type Library = typeof import("../../src/index.ts");

export const { createEngine }: Library = await import(new URL("../../dist/src/index.js", import.meta.url).href);
