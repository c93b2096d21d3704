import { prove } from "./prove.js";

// A page says what came of it where the test looks for it.
export function show(library, options) {
  prove(library, options)
    .catch((error) => `${error.name}: ${error.message}`)
    .then((text) => {
      document.body.textContent = text;
      document.title = "done";
    });
}
