import { resolve } from "node:path";
import webpack from "webpack";

const config = (entry, out, minimize) => ({
  mode: "production",
  context: resolve(".."),
  entry: `./${entry}.js`,
  output: { path: resolve("out", out), filename: "main.js" },
  optimization: { minimize },
  performance: { hints: false },
});

webpack([config("main", "assets", true), config("main-inline", "inline", false)], (error, stats) => {
  if (error || stats.hasErrors() || stats.hasWarnings()) {
    console.log(error ?? stats.toString({ colors: false }));
    process.exitCode = 1; // a user would see warnings, too
  }
});
