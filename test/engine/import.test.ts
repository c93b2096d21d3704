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
  const file = fileURLToPath(new URL("test/runtimes/import-alone.mjs", projectRoot()));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { timeout: 20_000 });
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
