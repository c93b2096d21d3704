import { resolve } from "node:path";
import webpack from "webpack";

const config = (entry, out, minimize) => ({
  mode: "production",
  context: resolve(".."),
  entry,
  output: { path: resolve("out", out), filename: "main.js" },
  optimization: { minimize },
  performance: { hints: false },
});

webpack(
  [
    config("./main.js", "assets", true),
    config("./main-inline.js", "inline", false),
    config("./webpack/main.js", "files", false),
  ],
  (error, stats) => {
    if (error || stats.hasErrors() || stats.hasWarnings()) {
      console.log(error ?? stats.toString({ colors: false }));
      process.exitCode = 1; // a user would see warnings, too
    }
  },
);
