// npm run bench

import { runApp } from "./run-app.mjs";

runApp("bench");
