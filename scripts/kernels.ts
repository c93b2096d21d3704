/** `tsx scripts/kernels.ts scalar-f32 simd …`: these binaries into dist/wasm, one after the other. A part of the build, which runs two. */
import asc from "assemblyscript/asc";

/** Instances of one generic function side by side, their locals in order of use: gzip finds more that it has seen. */
const PASSES = "reorder-functions-by-name,reorder-locals";

for (const binary of process.argv.slice(2)) {
  const [target, part] = binary.split("-") as [string, "f32" | undefined];
  const options = part ? ["--outFile", `dist/wasm/${binary}.wasm`] : ["assembly/float64.ts"];
  const { error, stderr } = await asc.main([...options, "--target", target, "--runPasses", PASSES]);
  if (error) throw new Error(`${binary}: ${stderr}`);
}
