// Importing the library does nothing: no global is touched, nothing starts, nothing is printed. And a program that used
// it ends by itself. Each case is a program of its own under plain Node.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { projectRoot } from "../support/binaries.ts";

async function program(source: string, flags: readonly string[] = []): Promise<{ stdout: string; stderr: string }> {
  const cwd = fileURLToPath(projectRoot()); // where "simdconv" is the package itself
  return promisify(execFile)(process.execPath, [...flags, "--input-type=module", "-e", source], {
    cwd,
    timeout: 20_000,
  });
}

it("touches no global and starts nothing", async () => {
  const { stdout, stderr } = await program(`
    const used = [];
    const watch = (holder, name) => {
      const original = holder[name];
      holder[name] = new Proxy(original, {
        apply: (f, self, args) => (used.push(name), Reflect.apply(f, self, args)),
        construct: (f, args) => (used.push(name), Reflect.construct(f, args)),
      });
    };
    for (const name of ["compile", "instantiate", "validate", "Module", "Instance", "Memory"]) watch(WebAssembly, name);
    for (const name of ["fetch", "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "MessageChannel", "SharedArrayBuffer"]) watch(globalThis, name);
    for (const name of ["on", "once", "addListener"]) watch(process, name);
    const globals = () => Reflect.ownKeys(globalThis).map(String).sort().join();
    const prototypes = () => [Object, Array, Function, Promise, Float32Array].map((c) => Reflect.ownKeys(c.prototype).map(String).join()).join();
    const live = () => process.getActiveResourcesInfo().filter((kind) => !/Req/.test(kind)).join(); // requests of import itself
    const [before, builtin, active] = [globals(), prototypes(), live()];
    used.length = 0;
    await import("simdconv");
    const same = before === globals() && builtin === prototypes() && active === live();
    console.log(JSON.stringify({ same, used }));`);
  expect(JSON.parse(stdout)).toEqual({ same: true, used: [] });
  expect(stderr).toBe("");
});

it("prints nothing when used, and lets the program end without a dispose", async () => {
  const { stdout, stderr } = await program(`
    import { nnet, tensor } from "simdconv";
    const ones = (...shape) => tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
    const results = await Promise.all([1, 2, 3].map(() => nnet.conv2d(ones(1, 1, 4, 4), ones(1, 1, 3, 3))));
    console.log(results.map((result) => result.data.join()).join(" "));`);
  expect(stdout).toBe("9,9,9,9 9,9,9,9 9,9,9,9\n");
  expect(stderr).toBe("");
});

it("picks the best binary of the runtime by itself", async () => {
  const source = `
    import { createEngine } from "simdconv";
    const engine = await createEngine();
    const layer = await engine.nnet.conv2d.compile({ imageShape: [1, 1, 4, 4], filterShape: [1, 1, 3, 3] });
    console.log(layer.plan.binary);
    await engine.dispose();`;
  const old = Number(process.versions.node.split(".")[0]) < 22;
  expect((await program(source)).stdout).toBe(old ? "simd\n" : "relaxed\n");
  if (old) expect((await program(source, ["--experimental-wasm-relaxed-simd"])).stdout).toBe("relaxed\n");
});
