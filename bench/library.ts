// The built library, as users get it. Types come from the sources, so that `npm run check` needs no build.

type Library = typeof import("../src/index.ts");
type Hooks = typeof import("../src/engine/bench.ts");

export type Engine = Awaited<ReturnType<Library["createEngine"]>>;
export type Layer = Awaited<ReturnType<Engine["nnet"]["conv2d"]["compile"]>>;
export type ResidentTensor = ReturnType<Engine["tensor"]>;

const dist = (path: string) => new URL(`../dist/${path}`, import.meta.url);

export const library = (): Promise<Library> => import(dist("src/index.js").href);
export const hooks = (): Promise<Hooks> => import(dist("src/engine/bench.js").href);
export const wasmFile = (binary: string): URL => dist(`wasm/${binary}.wasm`);
