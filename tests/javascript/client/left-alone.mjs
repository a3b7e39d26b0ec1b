// Starts a server, tells where it is, and is killed.
import { start } from "../../../clients/node/index.mjs";

console.log((await start()).address);
setInterval(() => {}, 60_000);
