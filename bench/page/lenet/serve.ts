/** Part of the page's server: the digits, from where the example has them. Vite itself takes a file without extension for a script. */
import { createReadStream, existsSync, statSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream";
import type { Plugin } from "vite";
import { digitsFolder } from "../../../examples/lenet/data.ts";
import { FILES, FOLDER } from "./files.ts";

export const serveDigits = (): Plugin => ({
  name: "digits",
  configureServer({ middlewares }) {
    middlewares.use(FOLDER, ({ url }, response) => {
      const files = installedFiles();
      const file = files.get(url!.slice(1));
      if (file) send(response, file);
      else
        response
          .writeHead(url === "/" ? 200 : 404, { "content-type": "application/json" })
          .end(JSON.stringify([...files.keys()]));
    });
  },
});

/** Paths by name; none, if the package is not installed. */
function installedFiles(): Map<string, string> {
  let folder: string;
  try {
    folder = digitsFolder();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    return new Map();
  }
  const paths = FILES.map((name): [string, string] => [name, join(folder, name)]);
  return new Map(paths.filter(([, path]) => existsSync(path)));
}

function send(response: ServerResponse, path: string): void {
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": statSync(path).size });
  // It ends both. A page that no longer wants its digits is no fault, and one that waits in vain says so itself.
  pipeline(createReadStream(path), response, () => {});
}
