import "../../main.js";
