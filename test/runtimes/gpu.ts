// conv3d2d's golden cases on this runtime's WebGPU, in float32; run as a program, because a driver may crash and must not take a suite along.
import { goldenUrl, loadGolden } from "../golden/load.ts";
import { runGolden } from "../golden/run.ts";
import type { Engine } from "../support/spec.ts";
import { createEngine } from "./library.ts";

const engine = (await createEngine({ device: "webgpu", workers: 0 })) as Engine;
const { calls, failures } = await runGolden(await loadGolden(goldenUrl()), engine, "webgpu", ({ op, inputs }) =>
  op === "conv3d2d.conv3d" && Object.values(inputs).every(({ dtype }) => dtype === "f32") ? ["webgpu"] : [],
);
for (const failure of failures) console.log(failure);
console.log(`${calls - failures.length} of ${calls} golden cases right on ${engine.capabilities().using.gpu}`);
await engine.dispose();
